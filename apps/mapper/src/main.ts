import { runService } from '#libs/platform';
import { mapperService } from './mapper.service.js';

await runService(mapperService);
