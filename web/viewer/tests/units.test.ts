import { describe, expect, it } from 'vitest';
import * as units from '../src/units';

describe('units for people', () => {
  it('show gas in mg/m³, however small, and no negative zero', () => {
    expect(units.join(units.air(1.84e-6, 'zh'))).toBe('1.84 mg/m³');
    expect(units.join(units.air(2.5e-7, 'zh'))).toBe('0.250 mg/m³');
    expect(units.join(units.air(9.9e-9, 'en'))).toBe('0.010 mg/m³');
    expect(units.join(units.air(-3.9e-9, 'en'))).toBe('-0.004 mg/m³');
    expect(units.join(units.air(-1e-10, 'en'))).toBe('0.000 mg/m³');
    expect(units.join(units.air(0, 'en'))).toBe('0.000 mg/m³');
    expect(units.join(units.air(1.234e-3, 'en'))).toBe('1,234 mg/m³');
    expect(units.air(null, 'zh').text).toBe('—');
  });

  it.each([
    ['air_temperature', 298.15, '25.0 °C'], ['relative_humidity', 0.714, '71%'], ['air_pressure', 97_850, '978.5 hPa'],
    ['wind_from', 271.4, '271°'], ['wind_speed', 2.345, '2.3 m/s'], ['water:f', 1.32e-3, '1.32 mg/L'], ['water:f', 4.2e-5, '0.042 mg/L'],
    ['conductivity', 0.0523, '523 µS/cm'], ['ph', 7.123, '7.12'], ['water_level', 302.9444, '302.94 m'],
  ])('show %s %s as %s', (quantity, si, text) => {
    expect(units.join(units.show(si, quantity, 'en'))).toBe(text);
  });

  it('show an unknown quantity as it came', () => {
    expect(units.show(12.3456, 'sound_pressure', 'en')).toEqual({ text: '12.3', unit: '' });
  });

  it('refuse an unknown unit and name those there are', () => {
    expect(() => units.fromSi(1, 'furlong')).toThrow(/furlong.*mg\/m3/s);
  });

  it('give rates, lengths and areas in sizes that can be read', () => {
    expect(units.join(units.rate(4.1e-3, 'en'))).toBe('14.8 kg/h');
    expect(units.join(units.rate(1e-4, 'en'))).toBe('0.100 g/s');
    expect(units.join(units.length(1234, 'en'))).toBe('1.23 km');
    expect(units.join(units.area(839_973, 'en'))).toBe('84.00 ha');
  });

  it('name compass points; 270 is west', () => {
    expect([0, 90, 180, 270, 359].map((bearing) => units.compass(bearing, 'en'))).toEqual(['N', 'E', 'S', 'W', 'N']);
    expect(units.compass(225, 'zh')).toBe('西南');
    expect(units.compass(-90, 'en', 8)).toBe('W');
  });

  it("tell time in the park's zone", () => {
    const ms = Date.UTC(2026, 10, 22, 20, 42, 18);
    expect(units.clockTime(ms, 8)).toBe('04:42:18');
    expect(units.clockDate(ms, 8)).toBe('2026-11-23');
    expect(units.clockTime(ms, 5.5, false)).toBe('02:12');
    expect([8, -3.5, 0].map(units.zoneName)).toEqual(['UTC+8', 'UTC−3:30', 'UTC+0']);
  });

  it('tell ages in the unit that fits', () => {
    expect([0, 89_999, 90_000, 5_400_000, 200_000_000, -5].map((ms) => units.ageParts(ms))).toEqual([
      { key: 'age.s', n: 0 }, { key: 'age.s', n: 89 }, { key: 'age.min', n: 1 }, { key: 'age.h', n: 1 }, { key: 'age.d', n: 2 }, { key: 'age.s', n: 0 }]);
  });
});
