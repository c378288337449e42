import { once } from "node:events";
import { createServer, type Server } from "node:net";

/** So many ports of this machine that nobody uses now, by the address `host`. */
export async function freePorts(count: number, host = "localhost"): Promise<number[]> {
  const servers = await Promise.all(Array.from({ length: count }, () => listening(host)));
  const ports = servers.map((server) => (server.address() as { port: number }).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

async function listening(host: string): Promise<Server> {
  const server = createServer().listen(0, host);
  await once(server, "listening"); // rejects by its error
  return server;
}
