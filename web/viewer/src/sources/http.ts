/** GET with the server's one error shape turned into one exception. */

import { ApiFailure } from '../failure';
import type { WireError } from '../wire';

export class ApiError extends ApiFailure {
  constructor(
    readonly status: number,
    readonly code: string,
    en: string,
    zh: string,
    readonly field: string | null,
  ) {
    super(zh, en);
    this.name = 'ApiError';
  }
}

export type Fetch = (path: string, init?: RequestInit) => Promise<Response>;

const TIMEOUT_MS = 15_000;

function isWireError(body: unknown): body is WireError {
  return typeof body === 'object' && body !== null && (body as { ok?: unknown }).ok === false;
}

/** The error that an answer carries, in both languages. */
export async function failure(response: Response): Promise<ApiError> {
  const body: unknown = await response.json().catch(() => null);
  if (isWireError(body)) {
    return new ApiError(response.status, body.code, body.message, body.message_zh, body.field ?? null);
  }
  const text = `HTTP ${response.status}`;
  return new ApiError(response.status, 'http', text, text, null);
}

export class Http {
  constructor(private readonly fetcher: Fetch = (path, init) => fetch(path, init)) {}

  private async get(path: string): Promise<Response> {
    let response: Response;
    try {
      response = await this.fetcher(path, { signal: AbortSignal.timeout(TIMEOUT_MS) });
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new ApiError(0, 'unreachable', `The server does not answer (${reason})`, `服务器无响应（${reason}）`, null);
    }
    if (!response.ok) throw await failure(response);
    return response;
  }

  async json<T>(path: string): Promise<T> {
    const response = await this.get(path);
    return (await response.json()) as T;
  }

  async bytes(path: string): Promise<ArrayBuffer> {
    const response = await this.get(path);
    return response.arrayBuffer();
  }
}

/** `/path?a=1&b=2`, leaving out what is null. */
export function withQuery(path: string, query: Readonly<Record<string, string | number | null>>): string {
  const search = new URLSearchParams();
  for (const [key, value] of Object.entries(query)) if (value !== null) search.set(key, String(value));
  const text = search.toString();
  return text === '' ? path : `${path}?${text}`;
}
