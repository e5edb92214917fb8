import { runService } from '#libs/platform';
import { tokenBrokerService } from './token-broker.service.js';

await runService(tokenBrokerService);
