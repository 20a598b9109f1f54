/** The addresses of docs/wire.md, one method each. */

import type { Device, ParkInfo, Plume, Series, SightRow, State, Step, StrataReport } from '../wire';
import { readScene, type Scene } from '../wire';
import type { WaterComparison, WaterNow, WaterWarning } from '../wire_water';
import type { AirCurves, Forecast, NowCast, PredictedBeams, SpreadCourse, WindRose } from '../wire_air';
import { ByteCache } from './cache';
import { Http, withQuery } from './http';

const BASE = '/api/v1';

export class Api {
  private readonly cache: ByteCache;

  constructor(private readonly http: Http = new Http()) {
    this.cache = new ByteCache((url) => http.bytes(url));
  }

  park(): Promise<ParkInfo> {
    return this.http.json(`${BASE}/park`);
  }

  async scene(url: string): Promise<Scene> {
    return readScene(await this.http.json<unknown>(url));
  }

  state(at: number | null = null): Promise<State> {
    return this.http.json(withQuery(`${BASE}/state`, { at }));
  }

  series(key: string, from: number, to: number, step: Step): Promise<Series> {
    return this.http.json(withQuery(`${BASE}/series`, { key, from: Math.floor(from), to: Math.ceil(to), step }));
  }

  async plumes(substance: string | null, from: number, to: number): Promise<readonly Plume[]> {
    const query = { substance, from: Math.floor(from), to: Math.ceil(to) };
    const answer = await this.http.json<{ plumes: readonly Plume[] }>(withQuery(`${BASE}/plumes`, query));
    return answer.plumes;
  }

  async devices(): Promise<readonly Device[]> {
    return (await this.http.json<{ devices: readonly Device[] }>(`${BASE}/devices`)).devices;
  }

  async sight(): Promise<readonly SightRow[]> {
    return (await this.http.json<{ rows: readonly SightRow[] }>(`${BASE}/sight`)).rows;
  }

  strata(): Promise<StrataReport> {
    return this.http.json(`${BASE}/strata`);
  }

  /** Now-casts of a span, oldest first; without one the newest of every gas. */
  async nowcasts(span: readonly [number, number] | null): Promise<readonly NowCast[]> {
    const query = { from: span?.[0] ?? null, to: span?.[1] ?? null };
    return (await this.http.json<{ nowcasts: readonly NowCast[] }>(withQuery(`${BASE}/nowcasts`, query))).nowcasts;
  }

  async forecasts(span: readonly [number, number] | null): Promise<readonly Forecast[]> {
    const query = { from: span?.[0] ?? null, to: span?.[1] ?? null };
    return (await this.http.json<{ forecasts: readonly Forecast[] }>(withQuery(`${BASE}/forecasts`, query))).forecasts;
  }

  predicted(substance: string, from: number, to: number): Promise<PredictedBeams> {
    return this.http.json(withQuery(`${BASE}/beams/predicted`, { substance, from: Math.floor(from), to: Math.ceil(to) }));
  }

  spread(substance: string, from: number, to: number): Promise<SpreadCourse> {
    return this.http.json(withQuery(`${BASE}/air/spread`, { substance, from: Math.floor(from), to: Math.ceil(to) }));
  }

  curves(substance: string, from: number, to: number): Promise<AirCurves> {
    return this.http.json(withQuery(`${BASE}/air/curves`, { substance, from: Math.floor(from), to: Math.ceil(to) }));
  }

  rose(from: number, to: number): Promise<WindRose> {
    return this.http.json(withQuery(`${BASE}/air/rose`, { from: Math.floor(from), to: Math.ceil(to) }));
  }

  /** Groundwater now-casts of a span, oldest first; without one the newest. */
  async waterNowcasts(span: readonly [number, number] | null): Promise<readonly WaterNow[]> {
    const query = { from: span?.[0] ?? null, to: span?.[1] ?? null };
    return (await this.http.json<{ nowcasts: readonly WaterNow[] }>(withQuery(`${BASE}/water/nowcasts`, query))).nowcasts;
  }

  waterNowcast(run: string, k: number): Promise<WaterNow> {
    return this.http.json(`${BASE}/water/nowcasts/${encodeURIComponent(run)}/${k}`);
  }

  async waterComparisons(): Promise<readonly WaterComparison[]> {
    return (await this.http.json<{ comparisons: readonly WaterComparison[] }>(`${BASE}/water/comparisons`)).comparisons;
  }

  async waterWarnings(): Promise<readonly WaterWarning[]> {
    const found = await this.http.json<{ warnings: readonly WaterWarning[]; standing?: readonly WaterWarning[] }>(`${BASE}/water/warnings`);
    // What stands may be older than the span of the others.
    return [...(found.standing ?? []), ...found.warnings].sort((a, b) => a.t - b.t || a.k - b.k);
  }

  /** Bytes of an immutable address; asked for once. */
  bytes(url: string): Promise<ArrayBuffer> {
    return this.cache.bytes(url);
  }
}

export const STREAM_URL = `${BASE}/stream`;
