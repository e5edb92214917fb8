import { runService } from '#libs/platform';
import { consoleService } from './console.service.js';

await runService(consoleService);
