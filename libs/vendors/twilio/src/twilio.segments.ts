import type { SegmentCount } from '#libs/vendor-kit';

/** The default alphabet of GSM 03.38 (3GPP TS 23.038, section 6.2.1) and its extension, whose characters take two septets. */
const basic = new Set(
  '@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !"#¤%&\'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà',
);
const extension = new Set('\f^{}\\[~]|€');

const GSM_SINGLE = 160;
const GSM_PART = 153;
const UCS2_SINGLE = 70;
const UCS2_PART = 67;

/**
 * How Twilio cuts and bills a text: GSM-7 in 160 septets (153 a part when split), anything else UCS-2 in 70 code units (67 a
 * part). A part never ends inside of an escaped character or a surrogate pair.
 */
export function segmentsOf(text: string): SegmentCount {
  const characters = Array.from(text);
  const gsm = characters.every((character) => basic.has(character) || extension.has(character));
  const sizes = characters.map((character) => (gsm ? (extension.has(character) ? 2 : 1) : character.length));
  const units = sizes.reduce((sum, size) => sum + size, 0);
  const single = gsm ? GSM_SINGLE : UCS2_SINGLE;
  const segments = units <= single ? 1 : parts(sizes, gsm ? GSM_PART : UCS2_PART);
  return { encoding: gsm ? 'GSM-7' : 'UCS-2', units, segments };
}

function parts(sizes: readonly number[], partSize: number): number {
  let count = 1;
  let used = 0;
  for (const size of sizes) {
    if (used + size > partSize) {
      count += 1;
      used = 0;
    }
    used += size;
  }
  return count;
}
