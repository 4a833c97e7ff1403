/** Asking the gateway. All addresses are relative: the page runs under whatever path it was served from. */

export class Refused extends Error {
  constructor(readonly status: number, message: string) {
    super(message);
  }
}

async function ask(path: string, init: RequestInit = {}): Promise<Response> {
  const response = await fetch(`admin/${path}`, { cache: 'no-store', ...init, headers: { accept: 'application/json', ...init.headers } });
  if (!response.ok) throw new Refused(response.status, await reason(response));
  return response;
}

/** What the gateway says about a refusal, in OpenAI's form of an error. */
async function reason(response: Response): Promise<string> {
  try {
    const body: unknown = await response.json();
    if (typeof body === 'object' && body !== null && 'error' in body) {
      const e = body.error;
      if (typeof e === 'string') return e;
      if (typeof e === 'object' && e !== null && 'message' in e && typeof e.message === 'string') return e.message;
    }
  } catch {
    // Not JSON: the status has to do.
  }
  return `HTTP ${response.status}`;
}

/** Why a key was not taken. Only 401 is about the key: else the gateway says what is amiss, such as a page from another site. */
export function refusalWords(error: unknown): string {
  if (!(error instanceof Refused)) return 'The gateway cannot be reached.';
  return error.status === 401 ? 'This is not the master key.' : `The gateway did not take it: ${error.message.replace(/\.$/, '')}.`;
}

/** The gateway is trusted to keep to `api.ts`; both are released together. */
export const get = async <T>(path: string): Promise<T> => (await ask(path)).json() as Promise<T>;

/** `null` where this gateway does not have that (yet). */
export async function getIfThere<T>(path: string): Promise<T | null> {
  try {
    return await get<T>(path);
  } catch (e) {
    if (e instanceof Refused && e.status === 404) return null;
    throw e;
  }
}

const post = async (path: string, body: unknown): Promise<void> => {
  await ask(path, { method: 'POST', body: JSON.stringify(body), headers: { 'content-type': 'application/json' } });
};

/** The key goes in the body, once, and is not kept; the session is a cookie that scripts cannot read. */
export const login = (key: string): Promise<void> => post('login', { key });
export const silence = (alert: string, time: string): Promise<void> => post(`alerts/${encodeURIComponent(alert)}/silence`, { for: time });
export const force = (deployment: string, forced: 'open' | 'closed' | 'metrics-only' | null): Promise<void> =>
  post(`deployments/${encodeURIComponent(deployment)}/breaker`, { forced });
