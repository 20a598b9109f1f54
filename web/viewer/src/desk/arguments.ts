/** Arguments of commands: what is allowed, and the text of a field as a value of its kind. No elements here. */

import { readLocal } from './form';
import type { Argument } from './wire';

export type Read = { readonly ok: true; readonly value: string | number | undefined } | { readonly ok: false; readonly why: 'missing' | 'number' | 'whole' | 'low' | 'high' | 'time' | 'clock' | 'choice' };

/** `HH:MM` or `HH:MM:SS` as six digits. */
function clockTime(text: string): string | null {
  const found = /^([01]\d|2[0-3]):?([0-5]\d):?([0-5]\d)?$/.exec(text);
  return found ? `${found[1] ?? ''}${found[2] ?? ''}${found[3] ?? '00'}` : null;
}

function readInteger(argument: Argument, text: string): Read {
  const value = Number(text);
  if (!Number.isFinite(value)) return { ok: false, why: 'number' };
  if (!Number.isInteger(value)) return { ok: false, why: 'whole' };
  if (argument.low !== null && value < argument.low) return { ok: false, why: 'low' };
  if (argument.high !== null && value > argument.high) return { ok: false, why: 'high' };
  return { ok: true, value };
}

function readChoice(argument: Argument, text: string): Read {
  const value = argument.choices.find((one) => String(one) === text);
  return value === undefined ? { ok: false, why: 'choice' } : { ok: true, value };
}

export function readArgument(argument: Argument, text: string, offset_h: number): Read {
  if (text === '') return argument.required ? { ok: false, why: 'missing' } : { ok: true, value: undefined };
  switch (argument.kind) {
    case 'integer':
      return readInteger(argument, text);
    case 'choice':
      return readChoice(argument, text);
    case 'time': {
      const value = readLocal(text, offset_h);
      return value === null ? { ok: false, why: 'time' } : { ok: true, value };
    }
    case 'clock_time': {
      const value = clockTime(text);
      return value === null ? { ok: false, why: 'clock' } : { ok: true, value };
    }
    default:
      return { ok: true, value: text };
  }
}

/** Arguments ready to be sent, or the first field that cannot be. */
export function readArguments(
  rows: readonly Argument[], texts: ReadonlyMap<string, string>, offset_h: number,
): { readonly args: Record<string, string | number> } | { readonly bad: Argument; readonly why: string } {
  const args: Record<string, string | number> = {};
  for (const row of rows) {
    const read = readArgument(row, texts.get(row.name) ?? '', offset_h);
    if (!read.ok) return { bad: row, why: read.why };
    if (read.value !== undefined) args[row.name] = read.value;
  }
  return { args };
}
