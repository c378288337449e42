import { render } from "preact";
import { App } from "./app.tsx";
import { followRuns } from "./store.ts";

render(<App />, document.getElementById("app")!);
followRuns();
