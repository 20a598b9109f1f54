/** Notes of the groundwater's models in the reader's language; null where a note is none of theirs. */

import { language } from '../../i18n';

type Row = readonly [pattern: RegExp, zh: string, en: string];

/** What the models write; `$1` and so on are kept as they came. */
const NOTES: readonly Row[] = [
  [/^recharge assumed: (\S+) m\/s on open ground, (\S+) m\/s under works, (\S+) of that of the slopes above$/,
    '假定入渗补给：空地 $1 m/s，厂区 $2 m/s，坡面补给计入 $3', 'Recharge assumed: $1 m/s on open ground, $2 m/s under works, $3 of that of the slopes above'],
  [/^river beds assumed: (\S+) m of (\S+) m\/s$/, '假定河床：厚 $1 m，渗透系数 $2 m/s', 'River beds assumed: $1 m of $2 m/s'],
  [/^(\d+) of (\d+) rivers leave the strata and are left out$/, '$2 条河流中有 $1 条超出地层模型范围，未计入', '$1 of $2 rivers leave the strata and are left out'],
  [/^source (\S+) lies outside the model and is left out$/, '污染源 $1 在模型范围外，未计入', 'Source $1 lies outside the model and is left out'],
  [/^(\d+) wells lie outside the model$/, '$1 口井在模型范围外', '$1 wells lie outside the model'],
  [/^target (\S+) is left out: (.+)$/, '敏感目标 $1 未计入：$2', 'Target $1 is left out: $2'],
  [/^levels of (\d+) of (\d+) wells$/, '$2 口井中有 $1 口有水位数据', 'Levels of $1 of $2 wells'],
  [/^few wells: bands rest on what was believed before$/, '有数据的井太少：区间主要取自先验', 'Few wells: bands rest on what was believed before'],
  [/^not used, old or not good: (.+)$/, '未采用（陈旧或质量不佳）：$1', 'Not used, old or not good: $1'],
  [/^not used, of an exercise: (.+)$/, '未采用（演练数据）：$1', 'Not used, of an exercise: $1'],
  [/^bands of the small ensemble are the range of its members, narrower than 95 %; it ends no warning$/,
    '小集合的区间只是成员范围，窄于 95 %；不据此解除预警', 'Bands of the small ensemble are the range of its members, narrower than 95 %; it ends no warning'],
  [/^first now-cast of a small ensemble; the whole one follows$/, '首次推演，集合较小；完整集合随后给出', 'First now-cast of a small ensemble; the whole one follows'],
  [/^concentrations of wells, limits and peaks hold the background; volumes and masses lie above it$/,
    '井浓度、限值与峰值含背景值；体数据与质量为背景值以上部分', 'Concentrations of wells, limits and peaks hold the background; volumes and masses lie above it'],
  [/^not enough history to learn from: (\d+) of (\d+) (.+)$/, '学习器历史不足：$2 步中仅有 $1 步（$3）', 'Not enough history to learn from: $1 of $2 $3'],
  [/^level of (\S+) joined with what was learned: (\S+) m$/, '$1 水位已加学习修正 $2 m', 'Level of $1 joined with what was learned: $2 m'],
  [/^stored ensemble left aside: (.+)$/, '未采用保存的集合：$1', 'Stored ensemble left aside: $1'],
  [/^ensemble restored from (.+)$/, '集合状态恢复自 $1', 'Ensemble restored from $1'],
  [/^(\d+) members did not converge ahead$/, '$1 个集合成员的预报未收敛，已剔除', '$1 members did not converge ahead and are left out'],
  [/^(.+): mass for (\d+) dry cells goes to the wet cells below$/, '$1：$2 个干单元的质量进入其下的含水单元', '$1: mass for $2 dry cells goes to the wet cells below'],
  [/^(.+): mass for (\d+) dry cells waits there, no water is below$/, '$1：$2 个干单元的质量滞留，其下无水', '$1: mass for $2 dry cells waits there, no water is below'],
  [/^the flow field does not close in (\d+) cells: (.+)$/, '流场在 $1 个单元不闭合：$2', 'The flow field does not close in $1 cells: $2'],
];

export function waterNote(note: string): string | null {
  const row = NOTES.find(([pattern]) => pattern.test(note));
  return row ? note.replace(row[0], row[language() === 'zh' ? 1 : 2]) : null;
}
