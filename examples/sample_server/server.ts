// A server that answers with samples of a trained run as PNG:  npm start -- logs/DFCVAE/version_0
//   GET /samples.png?count=16&seed=3&temperature=0.8
import { createServer } from "node:http";
import { openRun, UserError } from "tfjs-vae";

const [path, port = "8080"] = process.argv.slice(2);
if (path === undefined) throw new Error("expected the folder of a run: npm start -- logs/DFCVAE/version_0");
const run = await openRun(path);

const server = createServer(async ({ url }, response) => {
  const { pathname, searchParams } = new URL(url ?? "", "http://localhost");
  const number = (name: string, standard: number) => Number(searchParams.get(name) ?? standard);
  const [count, seed, temperature] = [number("count", 16), number("seed", 0), number("temperature", 1)];
  const fits =
    Number.isInteger(count) && count >= 1 && count <= 256 && Number.isInteger(seed) && temperature > 0;
  const answer = (status: number, type: string, body: string | Buffer) =>
    response.writeHead(status, { "content-type": type }).end(body);
  if (pathname !== "/samples.png") return answer(404, "text/plain", "There is /samples.png.\n");
  if (!fits)
    return answer(400, "text/plain", "Expected count from 1 to 256, a whole seed, a temperature above 0.\n");
  try {
    const samples = await run.sample(count, { seed, temperature });
    answer(200, "image/png", await samples.png());
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    answer(400, "text/plain", `${error.message}\n`);
  }
});

server.listen(Number(port), "127.0.0.1", () => {
  const address = server.address();
  console.log(`http://127.0.0.1:${typeof address === "object" ? address?.port : port}/samples.png`);
});
process.once("SIGINT", () => server.close(() => run.dispose()));
