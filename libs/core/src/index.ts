export { type BackoffPolicy, fullJitterBackoff } from './backoff.js';
export { type Clock, ManualClock, sleep, systemClock } from './clock.js';
export { codeOf, type Disposition, dispositionOf, type ErrorDetails, LedgerwireError } from './errors.js';
export { type CommandIdentity, commandIdOf, digestOf, randomId, uuidV5 } from './ids.js';
export { maskEmail, maskPhone } from './mask.js';
export {
  addDecimals,
  compareDecimals,
  type DecimalString,
  isDecimalString,
  type Money,
  subtractDecimals,
  toDecimal,
} from './money.js';
export { type Random, seededRandom, systemRandom } from './random.js';
