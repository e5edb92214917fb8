import { type DataSource, type Repository } from 'typeorm';
import { FlowVersion } from '../entities/flow-version.entity.js';

/** Flows and their history. */
export class FlowStore {
  private readonly flows: Repository<FlowVersion>;

  constructor(dataSource: DataSource) {
    this.flows = dataSource.getRepository(FlowVersion);
  }

  /** Adds a version. False = that version exists: somebody else applied one first; read again. */
  async add(flow: FlowVersion): Promise<boolean> {
    const result = await this.flows
      .createQueryBuilder()
      .insert()
      .values(flow)
      .orIgnore()
      .updateEntity(false)
      .returning('version')
      .execute();
    return (result.raw as unknown[]).length === 1;
  }

  /** The version in force, or null when there is no such flow. */
  current(flowId: string): Promise<FlowVersion | null> {
    return this.flows.findOne({ where: { flowId }, order: { version: 'DESC' } });
  }

  /** The version in force of every flow, of one workspace or of all. */
  listCurrent(workspaceId?: string): Promise<FlowVersion[]> {
    const query = this.flows
      .createQueryBuilder('f')
      .distinctOn(['f.flow_id'])
      .orderBy('f.flow_id', 'ASC')
      .addOrderBy('f.version', 'DESC');
    if (workspaceId !== undefined) query.where('f.workspaceId = :workspaceId', { workspaceId });
    return query.getMany();
  }

  /** Every version of a flow, newest first. */
  history(flowId: string): Promise<FlowVersion[]> {
    return this.flows.find({ where: { flowId }, order: { version: 'DESC' } });
  }
}
