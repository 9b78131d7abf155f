/* Scores, ranks and chooses exactly as lokus does in Python (methods/scoring.py, methods/rules.py). Nothing of a page here.

   All numbers are whole and below 2^53, the greatest that a double carries exactly:
     sums of weight × value   arithmetic ≤ 1e4 · 1e8 · geometric ≤ 1e4 · 4.7e7 · harmonic ≤ 1e4 · 9.9e10 = 9.9e14
     doubled for rounding     ≤ 2e15 < 9e15; below 2^53 a quotient of such numbers cannot round up to the next whole one
   A plan is what does not change: n villages in the order of their codes, `needs` (k columns, −1 = missing), `none` (k
   columns or null: no target group, each null where nowhere), `scheme`, `least` observed, `group` (kecamatan), `old`, `passes`, `value` (null: the
   score decides; −1 = missing). A setting is what the meeting moves: `weights`, `dimension_weights`, count and rules. */
const UNIT = 10000;
const WHOLE = UNIT * UNIT;
const NONE = -1;
const CURVES = {};

function curve(how) {
  if (!CURVES[how]) {
    CURVES[how] = Float64Array.from({ length: UNIT + 1 }, (_, i) => (how === 'geometric'
      ? Math.floor(1e7 * Math.log((UNIT + 99 * i) / UNIT) + 0.5)
      : 1e11 - Math.floor(1e11 * (UNIT / (UNIT + 99 * i)) + 0.5)));
  }
  return CURVES[how];
}

/* p / q of whole numbers ≥ 0, rounded half up. */
const divide = (p, q) => Math.floor((2 * p + q) / (2 * q));

function bent(v, table) {
  const i = Math.min(Math.floor(v / UNIT), UNIT - 1);
  return table[i] + divide((table[i + 1] - table[i]) * (v - i * UNIT), UNIT);
}

function straight(m, table) {
  let [low, high] = [0, UNIT];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (table[middle] <= m) low = middle;
    else high = middle - 1;
  }
  const i = Math.min(low, UNIT - 1);
  return i * UNIT + divide((m - table[i]) * UNIT, table[i + 1] - table[i]);
}

/* Weights ≥ 0 as units that sum to 10,000, by largest remainder (the first wins a tie); all 0 where all weights are. */
function levelUnits(weights) {
  const sum = weights.reduce((a, b) => a + b, 0);
  if (!sum) return weights.map(() => 0);
  const units = weights.map((w) => Math.floor((w * UNIT) / sum));
  const rest = weights.map((w) => (w * UNIT) % sum);
  const order = weights.map((_, j) => j).sort((a, b) => rest[b] - rest[a] || a - b);
  for (const j of order.slice(0, UNIT - units.reduce((a, b) => a + b, 0))) units[j] += 1;
  return units;
}

/* The nodes of a scheme from below, the index last: what lies right under each. Indicators without a weight are none. */
function nodesOf(scheme, weights) {
  const under = (node) => ({
    node,
    own: scheme.dimension_of.flatMap((d, j) => (d === node && weights[j] > 0 ? [j] : [])),
    below: scheme.parents.flatMap((p, d) => (p === node ? [d] : [])),
  });
  return [...scheme.dimensions.map((_, d) => under(d)), under(NONE)];
}

/* Whole weights of any scale as the units of a setting: dimensions that hold nothing count for nothing. */
function unitsOf(scheme, weights, dimensionWeights) {
  const units = { weights: weights.map(() => 0), dimension_weights: dimensionWeights.map(() => 0) };
  const bears = [];
  for (const { node, own, below } of nodesOf(scheme, weights)) {
    const told = levelUnits([...own.map((j) => weights[j]), ...below.map((d) => (bears[d] ? dimensionWeights[d] : 0))]);
    own.forEach((j, k) => { units.weights[j] = told[k]; });
    below.forEach((d, k) => { units.dimension_weights[d] = told[own.length + k]; });
    bears[node] = told.some((u) => u > 0);
  }
  return units;
}

function meanOf(columns, weights, how, n) {
  const out = new Float64Array(n).fill(NONE);
  if (how === 'copeland') return contests(columns, weights, n);
  const table = how === 'geometric' || how === 'harmonic' ? curve(how) : null;
  for (let i = 0; i < n; i += 1) {
    let [total, seen, near, far] = [0, 0, 0, 0];
    for (let k = 0; k < columns.length; k += 1) {
      const v = columns[k][i];
      if (v < 0) continue;
      const w = weights[k];
      seen += w;
      if (how === 'topsis') {
        near += (w * (v / WHOLE)) * (w * (v / WHOLE));
        far += (w * (1 - v / WHOLE)) * (w * (1 - v / WHOLE));
      } else total += w * (table ? bent(v, table) : v);
    }
    if (!seen) continue;
    if (how === 'topsis') {
      const [p, q] = [Math.sqrt(near), Math.sqrt(far)];
      out[i] = Math.floor((p / (p + q > 0 ? p + q : 1)) * WHOLE + 0.5);
    } else out[i] = table ? straight(divide(total, seen), table) : divide(total, seen);
  }
  return out;
}

/* Copeland: the share of the other villages that a village beats; a draw counts half. */
function contests(columns, weights, n) {
  const known = Array.from({ length: n }, (_, i) => i).filter((i) => columns.some((column) => column[i] >= 0));
  const points = new Float64Array(n);
  for (let a = 0; a < known.length; a += 1) {
    for (let b = a + 1; b < known.length; b += 1) {
      const [i, j] = [known[a], known[b]];
      let lead = 0;
      for (let k = 0; k < columns.length; k += 1) {
        const [x, y] = [columns[k][i], columns[k][j]];
        if (x >= 0 && y >= 0 && x !== y) lead += x > y ? weights[k] : -weights[k];
      }
      points[i] += Math.sign(lead);
      points[j] -= Math.sign(lead);
    }
  }
  const out = new Float64Array(n).fill(NONE);
  for (const i of known) out[i] = Math.floor(((points[i] / Math.max(known.length - 1, 1) + 1) / 2) * WHOLE + 0.5);
  return out;
}

/* The share of the weight that `sees(j, i)` of every village, from the indicators up. */
function shareSeen(plan, setting, sees) {
  const shares = [];
  let last = null;
  for (const { node, own, below } of nodesOf(plan.scheme, setting.weights)) {
    const used = below.filter((d) => setting.dimension_weights[d] > 0);
    const whole = own.reduce((a, j) => a + setting.weights[j], 0) + used.reduce((a, d) => a + setting.dimension_weights[d], 0);
    last = new Float64Array(plan.n);
    for (let i = 0; i < plan.n; i += 1) {
      let part = 0;
      for (const j of own) if (sees(j, i)) part += setting.weights[j];
      for (const d of used) part += shares[d][i] * setting.dimension_weights[d];
      last[i] = part / Math.max(whole, 1);
    }
    shares[node] = last;
  }
  return last;
}

/* Who has data enough to be ranked: no target group is no lack of data. */
function rankable(plan, setting) {
  const seen = shareSeen(plan, setting, (j, i) => plan.needs[j][i] >= 0);
  const could = plan.none ? shareSeen(plan, setting, (j, i) => !(plan.none[j] && plan.none[j][i])) : null;
  return Uint8Array.from(seen, (share, i) => {
    const most = could ? could[i] : 1;
    // A last digit decides nothing: what is observed exactly at the least is enough.
    return share > 0 && most > 0 && Math.min(share / most, 1) >= plan.least - 1e-9 ? 1 : 0;
  });
}

/* The score of each village in 1e-4 points; −1 = not ranked. */
function scoreUnits(plan, setting) {
  const { scheme, n } = plan;
  const made = [];
  let index = null;
  for (const { node, own, below } of nodesOf(scheme, setting.weights)) {
    const used = below.filter((d) => setting.dimension_weights[d] > 0);
    const columns = [...own.map((j) => plan.values[j]), ...used.map((d) => made[d])];
    const weights = [...own.map((j) => setting.weights[j]), ...used.map((d) => setting.dimension_weights[d])];
    index = meanOf(columns, weights, own.length ? scheme.within : scheme.across, n);
    made[node] = index;
  }
  const ranked = rankable(plan, setting);
  return Int32Array.from(index, (v, i) => (ranked[i] && v >= 0 ? divide(v, 100) : NONE));
}

const bytesOf = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
const needsFrom = (text) => new Int16Array(bytesOf(text).buffer);

/* Flags, eight to a byte, the first in the highest bit; null where none is set. */
function flagsFrom(text, n) {
  const bytes = text && bytesOf(text);
  return bytes && Uint8Array.from({ length: n }, (_, i) => (bytes[i >> 3] >> (7 - (i & 7))) & 1);
}

/* A plan from what the page carries: columns needsFrom, needs on the scale of a dimension once for all settings. */
function planOf(told, group, groups) {
  const needs = told.needs.map(needsFrom);
  const n = group.length;
  const [old, passes] = [new Uint8Array(n), new Uint8Array(n).fill(1)];
  for (const i of told.last_year) old[i] = 1;
  for (const i of told.short) passes[i] = 0;
  return {
    n, needs, none: told.none && told.none.map((text) => flagsFrom(text, n)), scheme: told.scheme, least: told.least, group, groups, old, passes,
    value: told.value, values: needs.map((column) => Float64Array.from(column, (need) => (need < 0 ? NONE : need * UNIT))),
  };
}

/* The ranked villages, the greatest score first and equal ones by code: one number for each sorts fastest. */
function byScore(units) {
  const n = units.length;
  const keys = new Float64Array(n);
  let size = 0;
  for (let i = 0; i < n; i += 1) if (units[i] >= 0) { keys[size] = (100 * UNIT - units[i]) * n + i; size += 1; }
  return Int32Array.from(keys.subarray(0, size).sort(), (key) => key % n);
}

/* 1 = the greatest score; equal scores share the better rank; 0 = not ranked. */
function minRanks(units, order = byScore(units)) {
  const ranks = new Int32Array(units.length);
  order.forEach((i, place) => { ranks[i] = place && units[order[place - 1]] === units[i] ? ranks[order[place - 1]] : place + 1; });
  return ranks;
}
