/** The line chart, in a chunk of its own that is fetched after the first 3D frame. */

import { LineChart, ScatterChart } from 'echarts/charts';
import { GridComponent, MarkAreaComponent, MarkLineComponent, TooltipComponent } from 'echarts/components';
import { init, use } from 'echarts/core';
import { CanvasRenderer } from 'echarts/renderers';

use([LineChart, ScatterChart, GridComponent, MarkAreaComponent, MarkLineComponent, TooltipComponent, CanvasRenderer]);

export interface ChartThreshold {
  readonly name: string;
  readonly value: number;
  readonly level: number;
}

/** All values in display units, all times shifted so that UTC reads as park time. */
export interface ChartData {
  readonly line: readonly (readonly [number, number | null])[];
  readonly doubtful: readonly (readonly [number, number])[];
  readonly stopped: readonly (readonly [number, number])[];
  readonly low: readonly (readonly [number, number | null])[];
  readonly high: readonly (readonly [number, number | null])[];
  readonly thresholds: readonly ChartThreshold[];
  readonly from: number;
  readonly to: number;
  readonly now: number | null;
  readonly zeroBased: boolean;
  readonly unit: string;
  readonly dashed: boolean;
  readonly step: boolean;
  readonly stoppedName: string;
  readonly px: number;
  format(value: number): string;
  time(ms: number): string;
}

export interface Chart {
  draw(data: ChartData): void;
  resize(): void;
  dispose(): void;
}

const LEVEL_COLOURS: Readonly<Record<number, string>> = { 1: '#ffd24a', 2: '#ff8a2a', 3: '#ff4d4d' };
const AXIS = '#7d9cba';
const SPLIT = 'rgba(125,156,186,0.13)';

function axes(data: ChartData): Record<string, unknown> {
  const label = { color: AXIS, fontSize: data.px, hideOverlap: true };
  const top = Math.max(...data.line.map((point) => point[1] ?? -Infinity), ...data.high.map((point) => point[1] ?? -Infinity));
  const shownLimits = data.thresholds.filter((row) => row.value <= top * 4);
  const max = Math.max(top, ...shownLimits.map((row) => row.value));
  return {
    xAxis: {
      type: 'time', min: data.from, max: data.to, axisLine: { lineStyle: { color: 'rgba(125,156,186,0.4)' } }, axisTick: { show: false },
      splitNumber: 5, axisLabel: { ...label, formatter: (ms: number) => data.time(ms) },
    },
    yAxis: {
      type: 'value', scale: !data.zeroBased, min: data.zeroBased ? 0 : undefined,
      max: Number.isFinite(max) && data.zeroBased && max > 0 ? max * 1.12 : undefined,
      splitNumber: 3, splitLine: { lineStyle: { color: SPLIT } },
      axisLabel: { ...label, showMaxLabel: !data.zeroBased, formatter: (value: number) => data.format(value) },
    },
  };
}

function marks(data: ChartData): Record<string, unknown> {
  return {
    markLine: {
      silent: true, symbol: 'none', animation: false,
      data: [
        ...data.thresholds.map((row) => ({
          yAxis: row.value, lineStyle: { color: LEVEL_COLOURS[Math.min(3, row.level)] ?? '#ffd24a', type: 'dashed', width: 1.2 },
          label: { show: true, position: 'end', distance: 3, fontWeight: 700, color: LEVEL_COLOURS[Math.min(3, row.level)] ?? '#ffd24a', fontSize: data.px, formatter: row.name },
        })),
        ...(data.now === null ? [] : [{ xAxis: data.now, lineStyle: { color: '#e8f4ff', type: 'solid', width: 1 }, label: { show: false } }]),
      ],
    },
    markArea: {
      silent: true, animation: false, itemStyle: { color: 'rgba(160,140,255,0.20)' },
      label: { color: '#c3b8ff', fontSize: data.px, position: 'insideTop' },
      data: data.stopped.map(([from, to]) => [{ xAxis: from, name: to - from > (data.to - data.from) / 9 ? data.stoppedName : '' }, { xAxis: to }]),
    },
  };
}

function band(data: ChartData): readonly Record<string, unknown>[] {
  if (data.low.length === 0) return [];
  const base = { type: 'line', stack: 'band', symbol: 'none', silent: true, lineStyle: { opacity: 0 }, animation: false, connectNulls: false };
  const width = data.high.map(([at, high], i) => {
    const low = data.low[i]?.[1];
    return [at, high === null || low === null || low === undefined ? null : high - low];
  });
  return [{ ...base, data: data.low }, { ...base, data: width, areaStyle: { color: 'rgba(70,180,255,0.16)' } }];
}

function option(data: ChartData): Record<string, unknown> {
  return {
    animation: false, useUTC: true,
    grid: { left: 6, right: data.thresholds.length > 0 ? data.px * 2 : data.px * 0.6, top: data.px * 1.1, bottom: 2, containLabel: true },
    tooltip: {
      trigger: 'axis', confine: true, backgroundColor: '#0b1d30', borderColor: '#2b5880', textStyle: { color: '#e8f4ff', fontSize: data.px },
      axisPointer: { lineStyle: { color: '#4d7aa3' } },
      formatter: (rows: readonly { data: readonly [number, number | null]; seriesIndex: number }[]) => {
        const row = rows.find((one) => one.data[1] !== null);
        return row && row.data[1] !== null ? `${data.time(row.data[0])}<br><b>${data.format(row.data[1])} ${data.unit}</b>` : '';
      },
    },
    ...axes(data),
    series: [
      {
        type: 'line', data: data.line, showSymbol: data.line.length < 3, symbolSize: 4, connectNulls: false, z: 3,
        step: data.step ? 'end' : false,
        lineStyle: { color: '#46b4ff', width: Math.max(1.6, data.px / 7), type: data.dashed ? 'dashed' : 'solid' }, itemStyle: { color: '#46b4ff' },
        ...marks(data),
      },
      ...band(data),
      {
        type: 'scatter', data: data.doubtful, symbolSize: Math.max(7, data.px * 0.6), z: 4, silent: true,
        itemStyle: { color: '#07131f', borderColor: '#ffd24a', borderWidth: 1.5 },
      },
    ],
  };
}

export function makeChart(element: HTMLElement): Chart {
  const chart = init(element, null, { renderer: 'canvas' });
  return {
    draw: (data) => chart.setOption(option(data), { notMerge: true, lazyUpdate: true }),
    resize: () => chart.resize(),
    dispose: () => chart.dispose(),
  };
}
