import { type Clock, systemClock } from '#libs/core';
import type { KafkaClient, KafkaConnector } from '../../kafka/kafka-client.js';
import type { Cluster } from '../../kafka/kafkajs-internals.js';

/**
 * What stands for a process that can be killed while the test lives on: its connections are cut where they are, no new ones
 * are made, and its clock says nothing any more. The broker notices as it does after kill -9: when the session has run out.
 */
export class MortalProcess {
  readonly clock: Clock;
  readonly connector: KafkaConnector;
  private readonly clusters: Cluster[] = [];
  private alive = true;

  constructor(client: KafkaClient) {
    this.clock = {
      now: () => systemClock.now(),
      after: (delayMs, callback) =>
        systemClock.after(delayMs, () => {
          if (this.alive) callback();
        }),
    };
    this.connector = {
      createCluster: (emitter) => {
        const cluster = client.createCluster(emitter);
        this.clusters.push(cluster);
        if (!this.alive) cluster.connect = () => new Promise(() => undefined);
        return cluster;
      },
      createGroup: (cluster, options) => client.createGroup(cluster, options),
    };
  }

  /** kill -9. */
  async kill(): Promise<void> {
    this.alive = false;
    for (const cluster of this.clusters) cluster.connect = () => new Promise(() => undefined);
    await Promise.all(this.clusters.map((cluster) => cluster.disconnect()));
  }
}
