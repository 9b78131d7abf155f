/* The choice under the meeting's rules: the villages whose places in (value, score, code) come first, taken one by one as
   long as the rest can still meet every rule. Rules of the kecamatan alone, or of last year's list alone, are bounds of
   groups: their choices form an M-convex set, for which this is the optimum that Python's solver proves. */
const BY_KECAMATAN = ['max_per_kecamatan', 'min_per_kecamatan', 'least_kecamatan'];
const BY_YEAR = ['max_new', 'least_kept'];
const isGiven = (setting, names) => names.some((name) => setting[name] !== null && setting[name] !== undefined);

/* Rules and villages as numbers: who is named, who stands free, in which group, in which order. */
function caseOf(plan, setting, units) {
  const flags = (codes) => { const out = new Uint8Array(plan.n); for (const i of codes) out[i] = 1; return out; };
  const gone = flags([...setting.drop, ...setting.remove]);
  const last = setting.keep_last_year ? Array.from(plan.old.keys()).filter((i) => plan.old[i] && !gone[i]) : [];
  const named = { keep: flags([...setting.keep, ...last]), add: flags(setting.add), drop: flags(setting.drop), remove: flags(setting.remove) };
  const ranked = Uint8Array.from(units, (u, i) => (u >= 0 && (!plan.value || plan.value[i] >= 0) ? 1 : 0));
  const held = named.keep.map((on, i) => on | named.add[i]);
  const barred = named.drop.map((on, i) => on | named.remove[i]);
  const free = ranked.map((on, i) => on & plan.passes[i] & ~held[i] & ~barred[i] & 1);
  const order = Array.from(byScore(units)).filter((i) => ranked[i]);
  if (plan.value) order.sort((a, b) => plan.value[b] - plan.value[a]);  // a stable sort keeps score and code
  const yearly = isGiven(setting, BY_YEAR);
  const group = yearly ? plan.old : isGiven(setting, BY_KECAMATAN) ? plan.group : new Uint8Array(plan.n);
  const groups = yearly ? 2 : isGiven(setting, BY_KECAMATAN) ? plan.groups : 1;
  return { plan, setting, named, ranked, held, barred, free, order, yearly, group, groups };
}

/* What each group must and may have under some of the rules, of the villages that are `there`. */
function boundsOf(one, on, held, there) {
  const { setting, group, groups, yearly } = one;
  const [low, high] = [new Float64Array(groups), new Float64Array(groups)];
  group.forEach((k, i) => { low[k] += held[i]; high[k] += there[i]; });
  if (!on('villages')) high.fill(Infinity);
  const limit = (name) => (on(name) && setting[name] !== null && setting[name] !== undefined ? setting[name] : null);
  if (yearly) {
    low[1] = Math.max(low[1], limit('least_kept') ?? 0);
    high[0] = Math.min(high[0], limit('max_new') ?? Infinity);
  } else if (isGiven(setting, BY_KECAMATAN)) {
    low.forEach((v, k) => { low[k] = Math.max(v, limit('min_per_kecamatan') ?? 0); });
    high.forEach((v, k) => { high[k] = Math.min(v, limit('max_per_kecamatan') ?? Infinity); });
  }
  return { low, high, least: yearly ? 0 : limit('least_kecamatan') ?? 0 };
}

function possible(one, some) {
  const on = (name) => some.includes(name);
  const named = (name, i) => on(name) && one.named[name][i];
  const n = one.plan.n;
  const [held, there] = [new Uint8Array(n), new Uint8Array(n)];
  for (let i = 0; i < n; i += 1) {
    const out = named('drop', i) || named('remove', i);
    held[i] = named('keep', i) || named('add', i) ? 1 : 0;
    if (held[i] && out) return false;
    const fit = one.ranked[i] && (!on('threshold') || one.plan.passes[i]);
    there[i] = (one.held[i] || fit) && !out ? 1 : 0;
  }
  const { low, high, least } = boundsOf(one, on, held, there);
  let [must, may, reached, open] = [0, 0, 0, 0];
  for (let k = 0; k < low.length; k += 1) {
    if (low[k] > high[k]) return false;
    must += low[k];
    may += high[k];
    if (low[k] > 0) reached += 1;
    else if (high[k] > 0) open += 1;
  }
  const missing = Math.max(0, least - reached);
  return missing <= open && (!on('count') || (must + missing <= one.setting.count && one.setting.count <= may));
}

/* A smallest set of rules that cannot hold together, as Python seeks it; null where all can. */
function contradiction(one) {
  const { setting, named, plan } = one;
  const hands = ['keep', 'drop', 'add', 'remove'].filter((name) => named[name].some((on) => on));
  const limits = (names) => names.filter((name) => isGiven(setting, [name]));
  const active = [...limits(BY_KECAMATAN), ...hands, ...limits(BY_YEAR), ...(plan.passes.every((on) => on) ? [] : ['threshold']), 'count', 'villages'];
  if (possible(one, active)) return null;
  let kept = active;
  for (const rule of [...active].reverse()) {
    const rest = kept.filter((r) => r !== rule);
    if (!possible(one, rest)) kept = rest;
  }
  const needed = active.filter((rule) => possible(one, active.filter((r) => r !== rule)));
  const others = active.filter((rule) => !needed.includes(rule));
  for (let size = 0; size <= kept.length - needed.length; size += 1) {
    for (const some of combinations(others, size)) {
      const tried = active.filter((r) => needed.includes(r) || some.includes(r));
      if (!possible(one, tried)) return tried;
    }
  }
  return kept;
}

function combinations(items, size) {
  if (!size) return [[]];
  return items.flatMap((item, k) => combinations(items.slice(k + 1), size - 1).map((rest) => [item, ...rest]));
}

/* The list: { selected, by } with by "keep" | "add" | "score" | "rule" | "" for every village, or { broken: rules }. */
function choose(plan, setting, units) {
  const one = caseOf(plan, setting, units);
  const broken = contradiction(one);
  if (broken) return { broken };
  const { named, held, free, group, order } = one;
  const selected = held.slice();
  const there = held.map((on, i) => on | free[i]);
  const { low, high, least } = boundsOf(one, () => true, held, there);
  const size = low.length;
  const cap = high.slice();
  const [taken, left] = [new Int32Array(size), new Int32Array(size)];
  group.forEach((k, i) => { taken[k] += held[i]; left[k] += free[i]; });
  const floor = low.slice();
  const sums = { must: 0, may: 0, reached: 0, open: 0 };
  const tally = (k, sign) => {
    const must = Math.max(taken[k], floor[k]);
    const may = Math.min(taken[k] + left[k], cap[k]);
    sums.must += sign * must;
    sums.may += sign * may;
    if (must > 0) sums.reached += sign;
    else if (may > 0) sums.open += sign;
    return must <= may;
  };
  for (let k = 0; k < size; k += 1) tally(k, 1);
  const meets = () => {
    const missing = Math.max(0, least - sums.reached);
    return missing <= sums.open && sums.must + missing <= setting.count && setting.count <= sums.may;
  };
  for (const i of order) {
    if (!free[i]) continue;
    const k = group[i];
    tally(k, -1);
    left[k] -= 1;
    taken[k] += 1;
    if (tally(k, 1) && meets()) { selected[i] = 1; continue; }
    tally(k, -1);
    taken[k] -= 1;
    tally(k, 1);
  }
  const room = setting.count - held.reduce((a, b) => a + b, 0);
  const plain = new Set(order.filter((i) => free[i]).slice(0, Math.max(room, 0)));
  const by = Array.from(selected, (on, i) => (!on ? '' : named.keep[i] ? 'keep' : named.add[i] ? 'add' : plain.has(i) ? 'score' : 'rule'));
  return { selected, by };
}
