import { BadRequestException } from '@nestjs/common';
import type { VendorDouble } from '../kit/vendor-double.js';

/** The double of that vendor. @throws BadRequestException that lists those there are. */
export function doubleNamed(doubles: readonly VendorDouble[], vendor: string): VendorDouble {
  const double = doubles.find((known) => known.vendor === vendor);
  if (double) return double;
  const names = doubles.map((known) => known.vendor).join(', ');
  throw new BadRequestException(`there is no double of "${vendor}"; vendor must be one of: ${names}`);
}
