/** What is known at one moment: the newest value of every series, devices, plumes, water table. */

import { splitKey, type Device, type Plume, type Span, type State, type Value, type WaterTable } from '../wire';

export interface Snapshot {
  /** Moment that is shown; null = now. */
  readonly at: number | null;
  readonly data_ms: number | null;
  readonly values: ReadonlyMap<string, Value>;
  readonly devices: ReadonlyMap<string, Device>;
  /** Newest plume by substance. */
  readonly plumes: ReadonlyMap<string, Plume>;
  readonly watertable: WaterTable | null;
}

export const EMPTY: Snapshot = {
  at: null, data_ms: null, values: new Map(), devices: new Map(), plumes: new Map(), watertable: null,
};

export function fromState(state: State): Snapshot {
  return {
    at: state.at,
    data_ms: state.data_ms,
    values: new Map(state.values.map((value) => [value.s, value])),
    devices: new Map(state.devices.map((device) => [device.mn, device])),
    plumes: new Map(state.plumes.map((plume) => [plume.substance, plume])),
    watertable: state.watertable,
  };
}

/** New snapshot with newer values; a value older than the one held changes nothing. */
export function withValues(old: Snapshot, values: readonly Value[]): Snapshot {
  let changed = false;
  const next = new Map(old.values);
  let data_ms = old.data_ms;
  for (const value of values) {
    const held = next.get(value.s);
    if (held && held.t > value.t) continue;
    if (held && held.t === value.t && held.v === value.v && held.q === value.q && held.m === value.m) continue;
    next.set(value.s, value);
    changed = true;
    if (data_ms === null || value.t > data_ms) data_ms = value.t;
  }
  return changed ? { ...old, values: next, data_ms } : old;
}

/** New snapshot in which the devices of these values were heard at `received_ms`. */
export function heard(old: Snapshot, values: readonly Value[], received_ms: number): Snapshot {
  if (!Number.isFinite(received_ms)) return old;
  const sensors = new Set(values.map((value) => splitKey(value.s).sensor));
  const later = [...old.devices.values()].filter((device) => sensors.has(device.sensor) && (device.last_seen_ms ?? 0) < received_ms);
  if (later.length === 0) return old;
  const devices = new Map(old.devices);
  for (const device of later) devices.set(device.mn, { ...device, last_seen_ms: received_ms });
  return { ...old, devices };
}

export function withDevice(old: Snapshot, device: Device): Snapshot {
  return { ...old, devices: new Map(old.devices).set(device.mn, device) };
}

/** New snapshot with a newer plume of its substance; a late old frame changes nothing. */
export function withPlume(old: Snapshot, plume: Plume): Snapshot {
  const held = old.plumes.get(plume.substance);
  if (held && held.t > plume.t) return old;
  return { ...old, plumes: new Map(old.plumes).set(plume.substance, plume) };
}

export function withWaterTable(old: Snapshot, watertable: WaterTable): Snapshot {
  if (old.watertable && old.watertable.t > watertable.t) return old;
  return { ...old, watertable };
}

/** Span of the stored past grown to hold a new moment. */
export function grownSpan(span: Span, moment_ms: number | null): Span {
  if (moment_ms === null) return span;
  return {
    from_ms: span.from_ms === null ? moment_ms : Math.min(span.from_ms, moment_ms),
    to_ms: span.to_ms === null ? moment_ms : Math.max(span.to_ms, moment_ms),
  };
}
