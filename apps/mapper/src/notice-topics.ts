import { type ChangeNotice, changeNoticesOf, type Topic } from '#libs/contracts';
import { vendors } from '#libs/vendors';

/** Where the mapper asks for the state of entities: the notices of every vendor whose books can be read. */
export const noticeTopics: readonly Topic<ChangeNotice>[] = vendors.all
  .filter(({ source }) => source !== undefined)
  .map(({ manifest }) => changeNoticesOf(manifest.id));
