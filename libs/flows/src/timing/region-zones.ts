/**
 * Zones of states and provinces, for countries with many: by code and name, as people write them into addresses. A region that
 * is cut in two has both. From the tz database (2026), as far as people live there.
 */
const regions: Readonly<Record<string, readonly (readonly [zones: string, names: string])[]>> = {
  US: [
    [
      'New_York',
      'CT Connecticut|DE Delaware|DC District of Columbia|GA Georgia|ME Maine|MD Maryland|MA Massachusetts|NH New Hampshire|NJ New Jersey|NY New York|NC North Carolina|OH Ohio|PA Pennsylvania|RI Rhode Island|SC South Carolina|VT Vermont|VA Virginia|WV West Virginia',
    ],
    ['New_York Chicago', 'FL Florida|IN Indiana|KY Kentucky|MI Michigan|TN Tennessee'],
    [
      'Chicago',
      'AL Alabama|AR Arkansas|IL Illinois|IA Iowa|LA Louisiana|MN Minnesota|MS Mississippi|MO Missouri|OK Oklahoma|WI Wisconsin',
    ],
    ['Chicago Denver', 'KS Kansas|NE Nebraska|ND North Dakota|SD South Dakota|TX Texas'],
    ['Denver', 'CO Colorado|MT Montana|NM New Mexico|UT Utah|WY Wyoming'],
    ['Phoenix', 'AZ Arizona'],
    ['Denver Los_Angeles', 'ID Idaho|OR Oregon'],
    ['Los_Angeles', 'CA California|NV Nevada|WA Washington'],
    ['Anchorage Adak', 'AK Alaska'],
    ['Pacific/Honolulu', 'HI Hawaii'],
  ],
  CA: [
    ['St_Johns Goose_Bay', 'NL Newfoundland and Labrador|NF Newfoundland'],
    ['Halifax', 'NB New Brunswick|NS Nova Scotia|PE Prince Edward Island'],
    ['Toronto Blanc-Sablon', 'QC Quebec|PQ Québec'],
    ['Toronto Winnipeg', 'ON Ontario'],
    ['Winnipeg', 'MB Manitoba'],
    ['Regina', 'SK Saskatchewan'],
    ['Edmonton', 'AB Alberta|NT Northwest Territories'],
    ['Toronto Winnipeg Edmonton', 'NU Nunavut'],
    ['Vancouver Edmonton', 'BC British Columbia'],
    ['Whitehorse', 'YT Yukon'],
  ],
  AU: [
    ['Australia/Sydney Australia/Broken_Hill', 'NSW New South Wales'],
    ['Australia/Sydney', 'ACT Australian Capital Territory'],
    ['Australia/Melbourne', 'VIC Victoria'],
    ['Australia/Brisbane', 'QLD Queensland'],
    ['Australia/Adelaide', 'SA South Australia'],
    ['Australia/Perth', 'WA Western Australia'],
    ['Australia/Hobart', 'TAS Tasmania'],
    ['Australia/Darwin', 'NT Northern Territory'],
  ],
};

const zonesByRegion: ReadonlyMap<string, readonly string[]> = new Map(
  Object.entries(regions).flatMap(([country, rows]) =>
    rows.flatMap(([zones, names]) =>
      names.split('|').flatMap((name): [string, string[]][] => {
        const [code = '', ...words] = name.split(' ');
        const full = zones.split(' ').map((zone) => (zone.includes('/') ? zone : `America/${zone}`));
        return [code, words.join(' ')].map((known) => [keyOf(country, known), full]);
      }),
    ),
  ),
);

/** The zones of a state or province by its code or name; empty where it is not known. */
export function zonesOfRegion(country: string | null, region: string | null): readonly string[] {
  if (country === null || region === null) return [];
  return zonesByRegion.get(keyOf(country, region)) ?? [];
}

function keyOf(country: string, region: string): string {
  return `${country}/${region.trim().toLowerCase()}`;
}
