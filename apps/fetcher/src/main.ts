import { runService } from '#libs/platform';
import { fetcherService } from './fetcher.service.js';

await runService(fetcherService);
