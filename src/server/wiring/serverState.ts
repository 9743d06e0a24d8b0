/** What the server says about itself while it runs. */
export class ServerState {
  /** Why it cannot serve, for /healthz; undefined = it can. */
  unhealthyReason: string | undefined = 'starting';
  /** host:port that clients reach; known once the port is bound. */
  address = '';
  /** Sets the gauges of what the server holds; there is nothing before it can serve. */
  measure: () => Promise<void> = async () => undefined;
}
