/* What if: sliders, number and rules; who enters and who leaves. The arithmetic is in engine.js and chooser.js. */
const HANDS = ['keep', 'add', 'drop', 'remove'];
const LIMITS = ['max_per_kecamatan', 'min_per_kecamatan', 'least_kecamatan', 'max_new', 'least_kept'];
const LEAST_LETTERS = 3;
const [AT_ONCE, REST] = [600, 150];
// Layers that hang on the score and are not drawn anew.
const STALE = ['p_top', 'certainty', 'borderline', 'score_width', 'rank_width'];

function prepareSteering(state) {
  const told = data.steering;
  if (!told) return;
  const shown = (value) => (typeof value === 'number' ? value.toLocaleString(data.lang) : value);
  const t = (key, fields) => told.texts[key].replace(/\{(\w+)\}/g, (_, name) => shown(fields[name]));
  const tool = { id: 'steer', symbol: icon('M4 7h9M17 7h3M4 17h3M11 17h9M15 4v6M9 14v6'), label: t('open'), key: 's' };
  if (told.closed) {
    state.tool({ ...tool, act: () => openDialog(t('title'), make('p', {}, told.closed)) });
    return;
  }
  const sim = state.steer = steerModel(state, told, t);
  sim.mark = make('b', { role: 'status' });
  const panel = steerPanel(state, sim, told, t);
  state.side.querySelector('.lk-search').after(panel.node);
  const chart = state.map.getContainer();
  chart.append(make('div', { cls: 'lk-stamp', 'aria-hidden': 'true' }, t('title')));
  document.querySelector('.lk-head').append(make('p', { cls: 'lk-simulated' }, sim.mark, make('span', {}, told.mark)));

  const button = state.tool({ ...tool, act: () => sim.open(!sim.on) });
  button.setAttribute('aria-pressed', 'false');
  sim.open = (on) => {
    sim.on = on;
    button.setAttribute('aria-pressed', String(on));
    document.body.classList.toggle('lk-steering', on);
    document.body.classList.toggle('lk-side-open', on);
    document.body.classList.remove('lk-panel-open');
    if (on) {
      state.side.scrollTop = 0;
      panel.node.querySelector('h2').focus();
    }
    sim.update();
  };
  sim.changed = panel.refresh;
  window.addEventListener('beforeunload', (event) => {
    if (!sim.unsaved()) return;
    event.preventDefault();
    // Browsers of before 2024 ask by this alone.
    event.returnValue = true;
  });
  // Paper opens nothing: the official part of a village is printed with the rest.
  window.addEventListener('beforeprint', () => { for (const part of document.querySelectorAll('.lk-official')) part.open = true; });
  sim.beside = (i) => { if (sim.on) besidePanel(state, sim, told, t, i); };
}

/* The setting that the room moves, and what follows from it on the page. */
function steerModel(state, told, t) {
  const plan = planOf(told, data.within, data.kecamatan.length);
  const start = () => ({
    ...JSON.parse(JSON.stringify(told.setting)),
    weights: [...told.scheme.weights], dimension_weights: [...told.scheme.dimension_weights],
  });
  const official = { ranks: data.ranks.slice(), chosen: data.chosen.slice(), order: state.order.slice(), sure: data.sure.slice(), note: data.list_note };
  const blank = official.sure.map(() => '');
  const layers = Object.fromEntries(Object.keys(SIMULATED).map((id) => data.layers.find((layer) => layer.id === id))
    .filter(Boolean).map((layer) => [layer.id, { layer, kept: { ...layer } }]));
  const units = Int32Array.from(scoreUnits(plan, start()));
  const sim = {
    on: false, plan, setting: start(), official, problem: '', chosen: official.chosen, ranks: official.ranks, order: official.order, units,
    bounds: layers.score ? lowerEnds(layers.score.kept, units) : [], open: () => {}, changed: () => {}, beside: () => {},
  };
  sim.hand = (i) => HANDS.find((name) => sim.setting[name].some(([k]) => k === i)) || '';
  sim.reset = () => { sim.setting = start(); sim.ask(); };
  sim.untouched = () => JSON.stringify(sim.setting) === JSON.stringify(start());
  let kept = '';
  sim.saved = () => { kept = JSON.stringify(sim.setting); };
  sim.unsaved = () => !sim.untouched() && JSON.stringify(sim.setting) !== kept;
  let [listed, resting] = ['', 0];
  const refreshPanel = () => {
    const now = state.held === null ? [sim.on, ...shownList(sim)].join() : '';
    // The list is laid out anew only where it changed; a village's panel keeps its place.
    if (now && now === listed) return;
    listed = now;
    const at = state.panel.scrollTop;
    if (state.held === null) showList(state);
    else showVillage(state, state.held);
    sim.beside(state.held);
    if (state.held !== null) state.panel.scrollTop = at;
  };
  let waiting = 0;
  // Many movements of a slider in one frame are one calculation.
  sim.ask = () => { if (!waiting) waiting = requestAnimationFrame(() => { waiting = 0; sim.update(); }); };
  sim.update = () => {
    calculate(sim, told, t);
    sim.enters = sorted(sim, (i) => sim.chosen[i] && !official.chosen[i], sim.ranks);
    sim.leaves = sorted(sim, (i) => !sim.chosen[i] && official.chosen[i], official.ranks);
    const shown = sim.on ? sim : official;
    data.ranks = shown.ranks;
    data.chosen = shown.chosen;
    state.order = shown.order;
    data.sure = sim.on ? blank : official.sure;
    data.list_note = sim.on ? '' : official.note;
    for (const { layer, kept } of Object.values(layers)) Object.assign(layer, sim.on ? SIMULATED[layer.id](sim, told, t, kept) : kept);
    showLegend(state, state.layer);
    if (sim.on && STALE.includes(state.layer.id)) state.legend.append(make('p', { cls: 'lk-stale' }, t('stale')));
    clearTimeout(resting);
    // Of thousands the list waits until the slider rests: the map comes first.
    if (plan.n > AT_ONCE && sim.on) resting = setTimeout(refreshPanel, REST);
    else refreshPanel();
    state.repaint();
    sim.changed();
  };
  return sim;
}

const shownList = (sim) => (sim.on ? sim.order : sim.official.order).filter((i) => sim.chosen[i] || sim.official.chosen[i]).map((i) => i + ':' + sim.chosen[i] + sim.ranks[i]);

const sorted = (sim, is, ranks) => Array.from(sim.chosen.keys()).filter(is).sort((a, b) => (ranks[a] ?? Infinity) - (ranks[b] ?? Infinity) || a - b);

/* Scores, ranks and list of the setting; what cannot be is told, and the last list stays. */
function calculate(sim, told, t) {
  const { setting, plan } = sim;
  const units = unitsOf(plan.scheme, setting.weights, setting.dimension_weights);
  sim.problem = '';
  if (!units.dimension_weights.some((u) => u > 0)) { sim.problem = t('zero'); return; }
  sim.weights = units;
  sim.units = scoreUnits(plan, { ...setting, ...units });
  const order = byScore(sim.units);
  sim.ranks = Array.from(minRanks(sim.units, order), (rank) => rank || null);
  sim.order = [...order, ...sim.ranks.flatMap((rank, i) => (rank === null ? [i] : []))];
  if (told.fixed) return;
  const rules = { ...setting, ...Object.fromEntries(HANDS.map((name) => [name, setting[name].map(([i]) => i)])) };
  const made = choose(plan, rules, sim.units);
  if (made.broken) sim.problem = t('broken', { rules: made.broken.map((name) => told.texts['rule_' + name] || told.texts[name]).join(', ') });
  else sim.chosen = made.selected;
}

/* The least score in each class of the official layer: a simulated score belongs to the last class that begins below it. */
function lowerEnds(layer, units) {
  const ends = layer.tones.map((tone) => (tone.pattern ? NONE : Infinity));
  layer.of.forEach((k, i) => { if (ends[k] >= 0 && units[i] >= 0) ends[k] = Math.min(ends[k], units[i]); });
  return ends;
}

/* Texts of villages, made when one is asked for: a country has 83,000. */
const lazily = (make_) => new Proxy([], { get: (_, i) => (typeof i === 'string' && /^\d+$/.test(i) ? make_(Number(i)) : undefined) });

// What is said of a village is the simulation's, not a bar's or the panel's of the official result.
const OWN_WORDS = { bar: undefined, figure: undefined };

const rankText = (sim, t, i) => (sim.ranks[i] === null ? t('unranked') : t('rank', { rank: sim.ranks[i] }));

function tallied(tones, of) {
  for (const tone of tones) tone.count = 0;
  for (const k of of) tones[k].count += 1;
  return tones;
}

function simulatedScore(sim, told, t, layer) {
  const { bounds, units } = sim;
  const tones = layer.tones.map((tone) => ({ ...tone }));
  let missing = tones.findIndex((tone) => tone.pattern);
  if (missing < 0) missing = tones.push({ label: told.tones.unranked[2], colour: told.tones.unranked[0], mark: '', pattern: 'missing' }) - 1;
  const steps = bounds.map((end, k) => [end, k]).filter(([end]) => end >= 0 && end < Infinity).sort((a, b) => a[0] - b[0]);
  const classOf = (u) => {
    let k = steps[0][1];
    for (const [end, step] of steps) if (end <= u) k = step;
    return k;
  };
  const of = Uint8Array.from(units, (u) => (u < 0 ? missing : classOf(u)));
  return { ...OWN_WORDS, title: t('score'), rule: t('rule_of_score'), tones: tallied(tones, of).filter((tone, k) => k < layer.tones.length || tone.count), of,
    shown: lazily((i) => (units[i] < 0 ? t('unranked') : scoreText(sim, told, i) + ' · ' + rankText(sim, t, i))) };
}

/* Who stays, enters and leaves: against the official list, or against last year's. */
function simulatedList(sim, told, t, layer) {
  const yearly = layer.id === 'last_year';
  const was = yearly ? sim.plan.old : sim.official.chosen;
  const kinds = ['stays', 'enters', 'leaves', 'not', 'unranked'];
  const of = Uint8Array.from(sim.chosen, (on, i) => (on ? (was[i] ? 0 : 1) : was[i] ? 2 : yearly || sim.units[i] >= 0 ? 3 : 4));
  const tones = kinds.map((kind, k) => {
    const [colour, mark, label] = told.tones[kind];
    return { label: yearly && k < 4 ? told.tones_yearly[k] : label, colour, mark, pattern: kind === 'unranked' ? 'missing' : '' };
  });
  tallied(tones, of);
  // Where whole kabupaten are painted: by who is on the list.
  const summary = layer.summary && { ...layer.summary, counted: [0, 1], named: tones[0].label + ', ' + tones[1].label };
  return { ...OWN_WORDS, summary, rule: yearly ? layer.rule : t('rule_of_list'), title: (yearly ? layer.title + ' – ' : '') + t('mark'), tones: tones.filter((tone, k) => k < 4 || tone.count), of,
    shown: lazily((i) => tones[of[i]].label + ' · ' + rankText(sim, t, i)) };
}

const SIMULATED = { chosen: simulatedList, score: simulatedScore, last_year: simulatedList };
const tenths = new Intl.NumberFormat(data.lang, { minimumFractionDigits: 1, maximumFractionDigits: 1 });

/* As coarse as the official score of the village is told: whole for the public, or a span of whole scores. */
function scoreText(sim, told, i) {
  const score = sim.units[i] / UNIT;
  if (!told.steps.length) return tenths.format(score);
  const step = told.steps[i];
  if (step < 2) return String(Math.round(score));
  const [middle, half] = [step * Math.round(score / step), Math.floor(step / 2)];
  return Math.max(0, middle - half) + '–' + Math.min(100, middle + half);
}

/* Children that a list reaches, and how far a simulation moves them; a change of 1–4 is told as few. */
function reach(sim, told, t) {
  if (!told.children) return [];
  const sum = (chosen) => told.children.reduce((all, n, i) => all + (chosen[i] && n !== null ? n : 0), 0);
  const [now, was] = [sum(sim.chosen), sum(sim.official.chosen)];
  const rounded = (n) => (10 * Math.round(n / 10)).toLocaleString(data.lang);
  const by = Math.round(now - was);
  const change = (by > 0 ? '+' : '−') + (Math.abs(by) < 5 ? ' ' + t('few') : Math.abs(by).toLocaleString(data.lang));
  return [t('children', { now: '≈ ' + rounded(now) }), ...(by ? [t('change', { change })] : [])];
}

/* What the right-hand panel says besides while a simulation is on. */
function besidePanel(state, sim, told, t, i) {
  const head = state.panel.querySelector('.lk-panelhead');
  if (i === null || i === undefined) {
    head.querySelector('h2').textContent = t('list');
    const names = (codes, cls, sign) => make('ul', { cls: 'lk-movers ' + cls }, ...(codes.length ? codes : [null]).map((k) => make('li', {}, k === null ? t('nobody')
      : make('button', { type: 'button', on: { click: () => state.select(k, true) } }, make('b', {}, sign + ' ' + data.names[k]), ' ',
        make('small', {}, where(k) + ' · ' + t('was', { rank: sim.official.ranks[k] ?? '–' }))))));
    if (sim.enters.length || sim.leaves.length) {
      head.after(make('section', { cls: 'lk-moves' }, make('h3', {}, t('enters') + ' (' + sim.enters.length.toLocaleString(data.lang) + ')'), names(sim.enters, 'lk-in', '+'),
        make('h3', {}, t('leaves') + ' (' + sim.leaves.length.toLocaleString(data.lang) + ')'), names(sim.leaves, 'lk-out', '–')));
    }
    return;
  }
  const hand = sim.hand(i);
  const press = (label, name) => make('button', { type: 'button', cls: 'lk-open lk-hand', 'aria-pressed': String(hand === name), on: { click: () => {
    setHand(sim, i, hand === name ? '' : name);
    sim.ask();
  } } }, hand === name ? t('undo') + ': ' + label : label);
  const state_ = t(sim.chosen[i] ? 'in' : 'out');
  const rank = sim.ranks[i] === null ? t('unranked') : t('rank', { rank: sim.ranks[i] });
  head.after(make('section', { cls: 'lk-here' },
    make('p', {}, make('b', {}, t('here', { rank, state: state_ })), ' ', t('was', { rank: sim.official.ranks[i] ?? '–' })),
    told.fixed ? null : make('p', { cls: 'lk-hands' }, press(t('put_in'), hand === 'keep' ? 'keep' : 'add'), press(t('put_out'), hand === 'drop' ? 'drop' : 'remove'))));
  foldOfficial(state, sim, t, i);
}

/* What the run says of a village, folded under its heading: beside the simulation's words it would contradict them. */
function foldOfficial(state, sim, t, i) {
  const [, , , tags, ...rest] = state.panel.children;
  const chosen = sim.official.chosen[i];
  const tag = tags.querySelector('.lk-tag');
  tag.classList.toggle('lk-yes', Boolean(chosen));
  tag.textContent = say(chosen ? 'panel.chosen' : 'panel.not_chosen');
  const fold = make('details', { cls: 'lk-official', on: { toggle: () => { sim.unfolded = fold.open; } } },
    make('summary', {}, make('h3', {}, t('official_part'))), tags, ...rest);
  fold.open = Boolean(sim.unfolded);
  state.panel.append(fold);
}

function setHand(sim, i, name) {
  for (const hand of HANDS) sim.setting[hand] = sim.setting[hand].filter(([k]) => k !== i);
  if (name) sim.setting[name].push([i, '', '']);
}
