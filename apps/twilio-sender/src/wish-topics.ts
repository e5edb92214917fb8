import { type ContactWish, contactWishesOf, type Topic } from '#libs/contracts';
import { vendors } from '#libs/vendors';

/** Where the sender says what contacts want: the wishes of every vendor whose books are read. */
export const wishTopics: readonly Topic<ContactWish>[] = vendors.all
  .filter(({ source }) => source !== undefined)
  .map(({ manifest }) => contactWishesOf(manifest.id));
