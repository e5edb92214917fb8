import { runService } from '#libs/platform';
import { ingressService } from './ingress.service.js';

await runService(ingressService);
