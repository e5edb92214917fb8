import { runService } from '#libs/platform';
import { sandboxService } from './sandbox.service.js';

await runService(sandboxService);
