/** The fetch layer of the desk: reading, writing with the operator's token, files; every error in the one shape. */

import { ApiError, failure, type Fetch } from './http';

const TIMEOUT_MS = 20_000;
/** A command to an instrument may take that long until its last answer. */
const WRITE_TIMEOUT_MS = 120_000;
/** The header's clock counts whole seconds; smaller differences say nothing. */
const CLOCK_STEP_MS = 2_000;

export class DeskHttp {
  /** Server's clock minus ours. */
  offset_ms = 0;

  constructor(
    private readonly token: () => string | null,
    private readonly fetcher: Fetch = (path, init) => fetch(path, init),
  ) {}

  /** JSON of a GET. `also` names statuses whose body is as good as that of 200. */
  async get<T>(path: string, signal?: AbortSignal, also: readonly number[] = []): Promise<T> {
    const response = await this.send(path, { headers: this.headers() }, TIMEOUT_MS, signal);
    if (!response.ok && !also.includes(response.status)) throw await failure(response);
    return (await response.json()) as T;
  }

  async text(path: string, signal?: AbortSignal): Promise<string> {
    const response = await this.send(path, { headers: this.headers() }, TIMEOUT_MS, signal);
    if (!response.ok) throw await failure(response);
    return response.text();
  }

  async post<T>(path: string, body: unknown, signal?: AbortSignal, method = 'POST'): Promise<T> {
    const headers = { ...this.headers(), 'Content-Type': 'application/json' };
    const response = await this.send(path, { method, headers, body: JSON.stringify(body) }, WRITE_TIMEOUT_MS, signal);
    if (!response.ok) throw await failure(response);
    return (await response.json()) as T;
  }

  /** Sends a file's very bytes. */
  async upload<T>(path: string, file: Blob, signal?: AbortSignal): Promise<T> {
    const headers = { ...this.headers(), 'Content-Type': file.type || 'application/octet-stream' };
    const response = await this.send(path, { method: 'POST', headers, body: file }, WRITE_TIMEOUT_MS, signal);
    if (!response.ok) throw await failure(response);
    return (await response.json()) as T;
  }

  private headers(): Record<string, string> {
    const token = this.token();
    return token === null ? {} : { Authorization: `Bearer ${token}` };
  }

  private async send(path: string, init: RequestInit, limit_ms: number, signal?: AbortSignal): Promise<Response> {
    const limit = AbortSignal.timeout(limit_ms);
    try {
      const response = await this.fetcher(path, { ...init, signal: signal ? AbortSignal.any([signal, limit]) : limit });
      this.readClock(response.headers.get('Date'));
      return response;
    } catch (error) {
      if (signal?.aborted) throw error;
      const reason = error instanceof Error ? error.message : String(error);
      throw new ApiError(0, 'unreachable', `The server does not answer (${reason})`, `服务器无响应（${reason}）`, null);
    }
  }

  private readClock(text: string | null): void {
    const said_ms = Date.parse(text ?? '');
    if (!Number.isFinite(said_ms)) return;
    const difference_ms = said_ms + 500 - Date.now();
    this.offset_ms = Math.abs(difference_ms) < CLOCK_STEP_MS ? 0 : difference_ms;
  }
}
