import { timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { isIP } from "node:net";
import { hostname } from "node:os";
import { Refusal } from "./answer.ts";

const LOOPBACK = ["localhost", "127.0.0.1", "[::1]"];

/** Whether nobody but this machine can reach what listens at `host`. */
export const isLoopback = (host: string): boolean =>
  host === "localhost" || host === "::1" || (isIP(host) === 4 && host.startsWith("127."));

/** Who may ask. */
export class Guard {
  /**
   * @param host that it listens at
   * @param token that has to come with each request; undefined: none
   */
  constructor(
    private readonly host: string,
    private readonly token: string | undefined,
  ) {}

  /** Cookies are of a machine, whatever the port: other servers on it have other ones. */
  private get cookie(): string {
    return `vae-ui-${this.token!.slice(0, 8)}`;
  }

  /**
   * Lets a request pass, or has it go on without the token in its address: the headers to do so.
   *
   * @throws Refusal of a request that another site makes, or that has no token
   */
  check(request: IncomingMessage, url: URL): Record<string, string> | undefined {
    const { method, headers } = request;
    if (method !== "GET" && method !== "HEAD")
      throw new Refusal(405, `Expected GET or HEAD, got ${method}: nothing can be changed here.`, {
        Allow: "GET, HEAD",
      });
    this.checkHost(headers.host);
    checkOrigin(request, url);
    return this.checkToken(request, url);
  }

  /** Another site's name may lead here (DNS rebinding), and then reads what its own origin may. */
  private checkHost(given = ""): void {
    const name = given.replace(/:\d+$/, "").toLowerCase();
    if (LOOPBACK.includes(name)) return;
    const bare = name.replace(/^\[|\]$/g, "");
    if (bare === this.host.toLowerCase()) return;
    if (!isLoopback(this.host) && (isIP(bare) !== 0 || bare === hostname().toLowerCase())) return;
    throw new Refusal(
      421,
      `Expected the name of this server in Host, such as localhost, got ${JSON.stringify(given)}. Open the address that vae ui prints.`,
    );
  }

  private checkToken({ headers }: IncomingMessage, url: URL): Record<string, string> | undefined {
    if (this.token === undefined) return undefined;
    const asked = url.searchParams.get("token");
    if (asked !== null && this.fits(asked) && url.pathname === "/")
      return {
        Location: "/",
        "Set-Cookie": `${this.cookie}=${this.token}; Path=/; HttpOnly; SameSite=Strict`,
      };
    const cookies = (headers.cookie ?? "").split(";").map((text) => text.trim());
    const inCookie = cookies.find((text) => text.startsWith(`${this.cookie}=`))?.split("=")[1];
    const inHeader = /^Bearer (\S+)$/i.exec(headers.authorization ?? "")?.[1];
    if ([asked, inCookie, inHeader].some((given) => given != null && this.fits(given))) return undefined;
    throw new Refusal(
      401,
      "Expected the token of the address that vae ui prints, in ?token=, in the cookie or as Authorization: Bearer.",
      { "WWW-Authenticate": "Bearer" },
    );
  }

  private fits(given: string): boolean {
    const [a, b] = [Buffer.from(given), Buffer.from(this.token!)];
    return a.length === b.length && timingSafeEqual(a, b);
  }
}

/** @throws Refusal of what another site asks for; a link of one may open the page */
function checkOrigin({ headers }: IncomingMessage, url: URL): void {
  const { origin, host } = headers;
  const site = headers["sec-fetch-site"];
  const opens = headers["sec-fetch-mode"] === "navigate" && url.pathname === "/";
  const foreign = site === "cross-site" || site === "same-site"; // another port of this machine is same-site
  const isOwn = origin === undefined || origin === `http://${host}`;
  if (isOwn && (!foreign || opens)) return;
  throw new Refusal(403, `Expected a request of the page itself, got one of ${origin ?? "another site"}.`);
}
