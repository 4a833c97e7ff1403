/** Serves a fixture with a stream that lives, to look at while working: `npm run dev -- outage`. */
import { tickOf } from './events';
import { gateway } from './gateway';

const SECOND = 1000;
const g = await gateway(process.argv[2] ?? 'silent-loss', { inline: true });
let n = 0;
const started = Date.now();
const first = Date.parse(g.fixture.overview.now);
setInterval(() => {
  if (g.fixture.server?.silent) return;
  const at = new Date(first + Date.now() - started).toISOString();
  g.fixture.overview.now = at;
  g.send('tick', tickOf(g.fixture.overview, at));
  const r = g.fixture.requests[n++ % Math.max(1, g.fixture.requests.length)];
  if (r) g.send('request', { request: { ...r, request_id: `live${n}`, ts: at }, skipped: 0 });
}, SECOND);
console.log(g.url);
