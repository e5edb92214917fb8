import type { Command } from '../command.js';
import { moment } from '../output/format.js';
import { tableOr } from '../output/table.js';

/** The accounts that are connected. */
export const connectionsCommand: Command = {
  name: 'connections',
  summary: 'The connected accounts, with their ids and how they are',
  options: {
    workspace: { value: 'ID', about: 'only of this workspace' },
    vendor: { value: 'VENDOR', about: 'only of this vendor, e.g. xero' },
    status: { value: 'STATUS', about: 'only active, paused, needs-reauthorisation or disconnected' },
  },
  async run({ args, console, show }) {
    const [workspace, vendor, status] = ['workspace', 'vendor', 'status'].map((name) => args.text(name));
    const connections = (await console.connections()).filter(
      (one) =>
        (workspace === undefined || one.workspaceId === workspace) &&
        (vendor === undefined || one.vendor === vendor) &&
        (status === undefined || one.status === status),
    );
    show({ connections }, () =>
      tableOr(
        'No connection. Make one with: ledgerwire connect <vendor>',
        ['CONNECTION', 'VENDOR', 'NAME', 'STATUS', 'WORKSPACE', 'CHANGED'],
        connections.map((one) => [
          one.connectionId,
          one.vendor,
          one.displayName,
          one.refreshFailing ? `${one.status}, refresh-failing` : one.status,
          one.workspaceId,
          moment(one.updatedAt),
        ]),
      ),
    );
  },
};
