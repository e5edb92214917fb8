import { runService } from '#libs/platform';
import { twilioSenderService } from './twilio-sender.service.js';

await runService(twilioSenderService);
