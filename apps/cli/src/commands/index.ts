import type { Command } from '../command.js';
import { connectCommand } from './connect.command.js';
import { connectionsCommand } from './connections.command.js';
import { deadLettersListCommand } from './dead-letters/list.command.js';
import { deadLettersRequeueCommand } from './dead-letters/requeue.command.js';
import { doctorCommand } from './doctor.command.js';
import { flowApplyCommand } from './flow/apply.command.js';
import { flowDiffCommand } from './flow/diff.command.js';
import { flowExportCommand } from './flow/export.command.js';
import { flowHistoryCommand } from './flow/history.command.js';
import { flowListCommand } from './flow/list.command.js';
import { flowShowCommand } from './flow/show.command.js';
import { flowDisableCommand, flowEnableCommand } from './flow/switch.commands.js';
import { flowTestCommand } from './flow/test.command.js';
import { parkedGiveUpCommand, parkedRetryCommand } from './parked/change.commands.js';
import { parkedListCommand } from './parked/list.command.js';
import { replayCancelCommand } from './replay/cancel.command.js';
import { replayListCommand } from './replay/list.command.js';
import { replayShowCommand } from './replay/show.command.js';
import { replayStartCommand } from './replay/start.command.js';
import { resendCommand } from './resend.command.js';
import { tailCommand } from './tail.command.js';
import { traceCommand } from './trace.command.js';

/** Every command, in the order of the help. */
export const commands: readonly Command[] = [
  doctorCommand,
  traceCommand,
  tailCommand,
  connectionsCommand,
  connectCommand,
  flowListCommand,
  flowShowCommand,
  flowHistoryCommand,
  flowDiffCommand,
  flowTestCommand,
  flowApplyCommand,
  flowEnableCommand,
  flowDisableCommand,
  flowExportCommand,
  parkedListCommand,
  parkedRetryCommand,
  parkedGiveUpCommand,
  deadLettersListCommand,
  deadLettersRequeueCommand,
  replayStartCommand,
  replayListCommand,
  replayShowCommand,
  replayCancelCommand,
  resendCommand,
];
