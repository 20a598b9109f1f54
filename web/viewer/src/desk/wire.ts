/** What the desk's addresses give, as docs/api.md says. Times in epoch ms, values in SI. */

import type { Origin, Quality } from '../contract';
import type { Text } from '../wire';

export interface Line {
  readonly kind: string;
  readonly line: string;
  readonly state: 'open' | 'down';
  readonly error: string;
  readonly peer: string;
  readonly since_ms: number;
  readonly bytes: number;
  readonly frames: number;
  readonly faults: number;
  readonly answers: number;
  readonly last_frame_ms: number | null;
  readonly frames_s: number;
  readonly held_bytes: number;
  readonly devices: readonly {
    readonly mn: string; readonly sensor: string; readonly origin: Origin; readonly frames: number;
    readonly last_frame_ms: number | null; readonly clock_drift_s: number | null;
  }[];
}

export interface Connections {
  readonly now_ms: number;
  readonly time_ms: number | null;
  readonly open: number;
  readonly known: number;
  readonly strangers: number;
  readonly folded: number;
  readonly refused_total: number;
  readonly frames_s: number;
  readonly bytes_s: number;
  readonly lines: readonly Line[];
}

export interface LineError {
  readonly kind: string;
  readonly count: number;
  readonly first_ms: number;
  readonly last_ms: number;
  readonly last_peer: string;
  readonly last_detail: string;
}

export interface Frame {
  readonly seq: number;
  readonly received_ms: number;
  readonly peer: string;
  readonly mn: string;
  readonly st: string;
  readonly cn: string;
  readonly qn: string;
  readonly status: 'stored' | 'quarantined';
  readonly reason: string;
  readonly segment: string;
  readonly fields: readonly { readonly key: string; readonly text: string }[];
  readonly problems: readonly string[];
}

export interface FramePage {
  readonly frames: readonly Frame[];
  readonly before: number | null;
  readonly looked_to_ms: number | null;
}

export interface FrameValue {
  readonly key: string;
  readonly sent: string;
  readonly value: number | null;
  readonly si_unit: string;
  readonly time_ms: number;
  readonly interval_ms: number;
  readonly mark: string;
  readonly checks: number;
  readonly quality: Quality;
  readonly origin: Origin;
  readonly version: number;
  readonly reason: string;
}

export interface FrameDetail {
  readonly frame: Frame;
  readonly bytes: number;
  readonly hex: string;
  readonly sha256: string;
  readonly pno: number | null;
  readonly pnum: number | null;
  readonly body_no: number;
  readonly flag: number | null;
  readonly kind: 'data' | 'notice' | 'answer' | 'request' | 'other';
  readonly values: readonly FrameValue[];
}

export interface Finding {
  readonly kind: string;
  readonly level: 'info' | 'warning' | 'error';
  readonly what: string;
  readonly text: Text;
  readonly count: number | null;
  readonly first_ms: number | null;
  readonly last_ms: number | null;
  readonly detail: string;
}

export interface MnNumber {
  readonly kind: string;
  readonly in_standard: boolean;
  readonly text: Text;
  readonly parts: readonly { readonly name: Text; readonly value: string }[];
}

export interface RegistryDevice {
  readonly mn: string;
  readonly sensor: string;
  readonly station: string;
  readonly origin: Origin;
  readonly protocol: string;
  readonly line: string;
  readonly st: string;
  readonly st_name: Text;
  readonly edition: string;
  readonly crc_mode: string;
  readonly interval_s: number;
  readonly minute_interval_s: number | null;
  readonly sm4_key: boolean;
  readonly password: boolean;
  readonly number: MnNumber;
  readonly factors: readonly {
    readonly code: string; readonly name: Text; readonly quantity: string; readonly unit: string; readonly si_unit: string;
    readonly low: number | null; readonly high: number | null; readonly max_rate_per_min: number | null;
    readonly detection_limit: number | null; readonly scale: number; readonly reference_k: number | null;
  }[];
  readonly findings: readonly Finding[];
}

export interface Registry {
  readonly now_ms: number;
  readonly devices: readonly RegistryDevice[];
}

export interface UnknownDevice {
  readonly mn: string;
  readonly frames: number;
  readonly first_ms: number;
  readonly last_ms: number;
  readonly peer: string;
  readonly reason: string;
  readonly st: string;
  readonly editions: readonly string[];
  readonly commands: readonly string[];
  readonly encrypted: boolean;
  readonly number: MnNumber;
  readonly factors: readonly {
    readonly code: string; readonly name: Text; readonly unit: string; readonly quantity: string;
    readonly values: readonly string[]; readonly fields: readonly string[];
  }[];
  readonly interval_s: number | null;
  readonly block: string;
}

export interface Review {
  readonly id: number;
  readonly key: string;
  readonly rule: string;
  readonly text: Text;
  readonly state: 'open' | 'decided';
  readonly overdue: boolean;
  readonly opened_ms: number;
  readonly due_ms: number;
  readonly first_ms: number;
  readonly last_ms: number;
  readonly values: number;
  readonly worst: number | null;
  readonly si_unit: string;
  readonly detail: Readonly<Record<string, unknown>>;
  readonly origin: Origin;
  readonly interval_ms: number;
  readonly check: number;
  readonly decision: null | {
    readonly verdict: string; readonly actor: string; readonly time_ms: number; readonly comment: string;
    readonly value: number | null; readonly method: string;
  };
  readonly window: { readonly from_ms: number; readonly to_ms: number };
}

export interface Reviews {
  readonly now_ms: number;
  readonly open: number;
  readonly overdue: number;
  readonly truncated: boolean;
  readonly reviews: readonly Review[];
}

export interface ReviewDetail {
  readonly review: Review;
  readonly steps: readonly {
    readonly seq: number; readonly time_ms: number; readonly actor: string; readonly kind: string; readonly text: string;
    readonly value: number | null;
  }[];
}

export interface Statistics {
  readonly key: string;
  readonly step: string;
  readonly si_unit: string;
  readonly origin: Origin;
  readonly medium: string;
  readonly t: readonly number[];
  readonly value: readonly (number | null)[];
  readonly n_valid: readonly number[];
  readonly n_expected: readonly number[];
  readonly valid: readonly boolean[];
  readonly reason: readonly string[];
  readonly mark: readonly string[];
  readonly low: readonly (number | null)[];
  readonly high: readonly (number | null)[];
  readonly weighted: readonly ('flow' | 'speed' | 'none')[];
  readonly weighted_reason: readonly string[];
  readonly substitute: readonly (number | null)[];
  readonly substitute_unit: string;
}

export interface RateRow {
  readonly id: string;
  readonly name: string;
  readonly origin: Origin;
  readonly station: string;
  readonly region: string;
  readonly points: number;
  readonly expected_h: number;
  readonly received_h: number;
  readonly expected_valid_h: number;
  readonly valid_h: number;
  readonly stopped_h: number;
  readonly transmission_pct: number | null;
  readonly valid_pct: number | null;
  readonly effective_pct: number | null;
  readonly completeness_pct: number | null;
  readonly online_pct: number | null;
  readonly meets_95: boolean | null;
}

export interface Rates {
  readonly from_ms: number;
  readonly to_ms: number;
  readonly by: string;
  readonly rows: readonly RateRow[];
}

export interface Ninety {
  readonly to_ms: number;
  readonly rows: readonly { readonly id: string; readonly origin: Origin; readonly from_ms: number; readonly to_ms: number; readonly effective_pct: number | null; readonly breach: boolean }[];
}

export interface GapSeries {
  readonly from_ms: number;
  readonly to_ms: number;
  readonly rows: readonly {
    readonly key: string; readonly mn: string; readonly origin: Origin; readonly interval_s: number; readonly expected: number;
    readonly received: number; readonly late: number; readonly collected_pct: number | null;
    readonly missing: readonly { readonly from_ms: number; readonly to_ms: number }[];
  }[];
  readonly total: { readonly expected: number; readonly received: number; readonly late: number; readonly collected_pct: number | null; readonly meets_95: boolean | null };
}

export interface Gaps {
  readonly now_ms: number;
  readonly truncated: boolean;
  readonly gaps: readonly {
    readonly mn: string; readonly sensor: string; readonly origin: Origin; readonly from_ms: number; readonly to_ms: number;
    readonly state: string; readonly cn: string; readonly tries: number; readonly next_ms: number | null; readonly found_ms: number;
    readonly changed_ms: number; readonly exchange_seq: number | null; readonly note: string;
  }[];
}

export interface FoundRow {
  readonly key: string;
  readonly origin: Origin;
  readonly region: string;
  readonly start_ms: number;
  readonly end_ms: number;
  readonly length: number;
  readonly si_unit: string;
  readonly value?: number;
  readonly limit?: number;
}

export interface Found {
  readonly rows: readonly FoundRow[];
  readonly truncated: boolean;
}

export interface Argument {
  readonly name: string;
  readonly name_text: Text;
  readonly kind: 'integer' | 'time' | 'clock_time' | 'code' | 'text' | 'choice';
  readonly low: number | null;
  readonly high: number | null;
  readonly unit: string;
  readonly choices: readonly (string | number)[];
  readonly required: boolean;
  readonly secret: boolean;
}

export interface Command {
  readonly cn: string;
  readonly name: Text;
  readonly editions: readonly string[];
  readonly role: 'operator' | 'engineer';
  readonly nature: string;
  readonly mark: string;
  readonly data_cns: readonly string[];
  readonly ready: boolean;
  readonly result: boolean;
  readonly arguments: readonly Argument[];
}

export interface Exchange {
  readonly seq: number;
  readonly mn: string;
  readonly sensor: string;
  readonly origin: Origin;
  readonly cn: string;
  readonly name: Text;
  readonly args: Readonly<Record<string, unknown>>;
  readonly actor: string;
  readonly purpose: string;
  readonly qn: string;
  readonly queued_ms: number;
  readonly started_ms: number | null;
  readonly ended_ms: number | null;
  readonly outcome: string;
  readonly sends: number;
  readonly data_frames: number;
  readonly qn_return: number | null;
  readonly exe_return: number | null;
  readonly answer: Readonly<Record<string, unknown>>;
  readonly drift_s: number | null;
}

export interface ExchangeDetail {
  readonly exchange: Exchange;
  readonly steps: readonly { readonly no: number; readonly time_ms: number; readonly kind: string; readonly detail: string }[];
}

export interface Conditions {
  readonly now_ms: number;
  readonly units: readonly {
    readonly id: string; readonly name: Text; readonly origin: Origin; readonly kind: 'production' | 'treatment'; readonly state: 'on' | 'off' | 'unknown';
    readonly since_ms: number | null; readonly value: number | null; readonly key: string; readonly on_above: number | null;
    readonly off_below: number | null; readonly si_unit: string;
  }[];
  readonly links: readonly {
    readonly id: string; readonly name: Text; readonly origin: Origin; readonly production: readonly string[]; readonly treatment: readonly string[];
    readonly state: 'normal' | 'grace' | 'treatment_not_running' | 'unknown'; readonly since_ms: number | null;
    readonly grace_min: number; readonly review: number | null;
  }[];
}

export type Health = 'ok' | 'warn' | 'alarm' | 'unknown';

export interface BeamHealth {
  readonly now_ms: number;
  readonly stations: readonly {
    readonly id: string; readonly origin: Origin; readonly state: Health;
    readonly items: readonly {
      readonly key: string; readonly origin: Origin; readonly quantity: string; readonly value: number | null; readonly si_unit: string; readonly t: number | null;
      readonly state: Health; readonly warn_low: number | null; readonly warn_high: number | null;
      readonly alarm_low: number | null; readonly alarm_high: number | null;
    }[];
    readonly beams: readonly { readonly id: string; readonly key: string; readonly origin: Origin; readonly value: number | null; readonly t: number | null; readonly state: Health }[];
    readonly refill: null | {
      readonly key: string; readonly level_l: number; readonly per_day_l: number; readonly per_day_low_l: number;
      readonly per_day_high_l: number; readonly since_refill_ms: number | null; readonly reserve_l: number;
      readonly reserve_ms: number | null; readonly earliest_ms: number | null; readonly latest_ms: number | null;
    };
  }[];
}

export interface Forwarding {
  readonly now_ms: number;
  readonly time_ms: number | null;
  readonly newest_seq: number;
  readonly targets: readonly {
    readonly name: string; readonly address: string; readonly state: string; readonly paused: boolean;
    readonly origins: readonly string[]; readonly cns: readonly string[]; readonly mns: readonly string[];
    readonly cursor_seq: number; readonly lag_frames: number; readonly lag_s: number | null; readonly sent: number;
    readonly answered: number; readonly resent: number; readonly skipped: number; readonly answered_ms: number | null;
    readonly changed_ms: number; readonly note: string;
  }[];
}
