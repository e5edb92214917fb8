/** A mobile number of this run. */
export interface RunMobile {
  readonly e164: string;
  /** As Xero keeps it, in parts. */
  readonly phones: object[];
}

/** Recipients that no earlier run has used: each event has its own, so that every message can be told from all others. */
export class RunRecipients {
  readonly run = Date.now().toString(36);
  private readonly first = Math.floor(Date.now() / 100) * 10;
  private given = 0;

  mobile(): RunMobile {
    this.given += 1;
    const digits = String((this.first + this.given) % 10_000_000).padStart(7, '0');
    const phone = {
      PhoneType: 'MOBILE',
      PhoneCountryCode: '64',
      PhoneAreaCode: '21',
      PhoneNumber: digits,
    };
    return { e164: `+6421${digits}`, phones: [phone] };
  }

  email(name: string): string {
    return `${name}-${this.run}@customer.example`;
  }
}
