/** What an organisation of a country is like in the double. */
export interface CountryProfile {
  readonly currency: string;
  /** Xero's word for the zone. */
  readonly timezone: string;
  /** IANA name of the same zone. */
  readonly zone: string;
  /** Default tax rate, per cent. */
  readonly taxRate: number;
}

/** The countries in which the sandbox makes organisations, by ISO 3166 alpha-2 code. */
export const COUNTRIES: Readonly<Record<string, CountryProfile>> = {
  NZ: { currency: 'NZD', timezone: 'NEWZEALANDSTANDARDTIME', zone: 'Pacific/Auckland', taxRate: 15 },
  AU: { currency: 'AUD', timezone: 'AUSEASTERNSTANDARDTIME', zone: 'Australia/Sydney', taxRate: 10 },
  GB: { currency: 'GBP', timezone: 'GMTSTANDARDTIME', zone: 'Europe/London', taxRate: 20 },
  US: { currency: 'USD', timezone: 'EASTERNSTANDARDTIME', zone: 'America/New_York', taxRate: 0 },
  DE: { currency: 'EUR', timezone: 'WEUROPESTANDARDTIME', zone: 'Europe/Berlin', taxRate: 19 },
};
