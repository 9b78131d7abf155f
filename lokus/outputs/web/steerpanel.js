/* The panel of a simulation: number, weights, rules, who is named, and the agreement that is taken home. */
function steerPanel(state, sim, told, t) {
  const redraw = [];
  const percent = (share) => (100 * share).toLocaleString(data.lang, { maximumFractionDigits: 1 }) + ' %';
  const summary = make('div', { cls: 'lk-summary', 'aria-live': 'polite' });
  redraw.push(() => {
    const moved = sim.enters.length || sim.leaves.length;
    const first = moved ? t('moved', { enters: sim.enters.length, leaves: sim.leaves.length }) : sim.untouched() ? t('official') : t('same');
    const lines = [first, ...(told.fixed ? [] : reach(sim, told, t))];
    sim.mark.textContent = sim.on ? t('mark') + (moved ? ' · ' + first : '') : '';
    summary.replaceChildren(...(told.fixed ? [] : lines.map((line, k) => make('p', { cls: k ? '' : 'lk-first' }, line))),
      ...(sim.problem ? [make('p', { cls: 'lk-problem', role: 'alert' }, sim.problem)] : []));
  });
  const saving = savePart(state, sim, told, t, percent);
  const node = make('section', { cls: 'lk-steer', 'aria-label': t('title') },
    make('div', { cls: 'lk-steerhead' }, make('h2', { tabindex: -1 }, t('title')),
      make('button', { type: 'button', cls: 'lk-close', 'aria-label': t('close'), title: t('close'), on: { click: () => sim.open(false) } }, '×')),
    summary,
    told.fixed ? make('p', { cls: 'lk-soft' }, t('fixed_' + told.fixed)) : null,
    told.fixed ? null : countPart(sim, told, t, redraw),
    weightPart(sim, told, t, redraw, percent),
    told.fixed ? null : rulePart(sim, told, t, redraw),
    told.fixed ? null : handPart(state, sim, t, redraw),
    make('div', { cls: 'lk-steerends' },
      make('button', { type: 'button', cls: 'lk-open', on: { click: sim.reset } }, t('reset')),
      make('button', { type: 'button', cls: 'lk-primary', on: { click: saving } }, t('save') + ' …')));
  return { node, refresh: () => { for (const act of redraw) act(); } };
}

const whole = (text) => { const n = Math.round(Number(text)); return text.trim() === '' || !Number.isFinite(n) || n < 0 ? null : n; };

function numberBox(label, get, set, redraw, empty) {
  const box = make('input', { type: 'number', min: 0, max: 100000, step: 1, inputmode: 'numeric', placeholder: empty, 'aria-label': label, on: {
    input: () => set(whole(box.value)), blur: () => show(true) } });
  const show = (always) => { if (always === true || document.activeElement !== box) box.value = get() ?? ''; };
  redraw.push(show);
  return box;
}

function countPart(sim, told, t, redraw) {
  const set = (n) => { if (n !== null && n >= 1 && n <= data.codes.length) { sim.setting.count = n; sim.ask(); } };
  const press = (sign, by, label) => make('button', { type: 'button', cls: 'lk-open', 'aria-label': label, on: { click: () => set(sim.setting.count + by) } }, sign);
  return make('div', { cls: 'lk-counter' }, make('span', {}, t('count')), press('−', -1, t('less') + ': ' + t('count')),
    numberBox(t('count'), () => sim.setting.count, set, redraw, ''), press('+', 1, t('more') + ': ' + t('count')));
}

/* A slider for each dimension right below the index, and inside it one for each of its parts. */
function weightPart(sim, told, t, redraw, percent) {
  const { scheme, labels } = told;
  const nodes = nodesOf(scheme, scheme.indicators.map(() => 1));
  const under = (node) => nodes.find((one) => one.node === node);
  const rows = (node, depth) => {
    const { own, below } = under(node);
    const all = [...own.map((j) => ['weights', j, labels.indicators[j]]), ...below.map((d) => ['dimension_weights', d, labels.dimensions[d]])];
    const most = Math.min(UNIT, 4 * Math.max(1, ...all.map(([key, k]) => scheme[key][k])));
    return all.map(([key, k, label]) => {
      const row = sliderRow(sim, told, t, redraw, percent, { key, k, label, most });
      const inner = key === 'dimension_weights' ? rows(k, depth + 1) : [];
      return inner.length > 1 ? make('div', { cls: 'lk-weight' }, row, make('details', {}, make('summary', {}, t('inside', { name: label })), ...inner)) : make('div', { cls: 'lk-weight' }, row);
    });
  };
  const top = under(NONE);
  const only = top.below.length === 1 && !top.own.length ? top.below[0] : NONE;
  return make('div', { cls: 'lk-weights', role: 'group', 'aria-label': t('weights') }, make('h3', {}, t('weights')), ...rows(only, 0));
}

/* What a weight makes of the whole: its units times those of all dimensions above it. */
function wholeShare(scheme, units, key, k) {
  let [share, node] = [units[key][k] / UNIT, key === 'weights' ? scheme.dimension_of[k] : scheme.parents[k]];
  for (; node !== NONE; node = scheme.parents[node]) share *= units.dimension_weights[node] / UNIT;
  return share;
}

function sliderRow(sim, told, t, redraw, percent, { key, k, label, most }) {
  const least = told.overlap && key === 'weights' ? 1 : 0;
  const set = (units) => { sim.setting[key][k] = Math.max(least, Math.min(UNIT, units)); sim.ask(); };
  const slider = make('input', { type: 'range', min: 0, max: most, step: Math.max(1, Math.round(most / 80)), 'aria-label': t('weight_of', { name: label }),
    on: { input: () => set(Number(slider.value)) } });
  const box = make('input', { type: 'number', min: 0, max: 100, step: 'any', inputmode: 'decimal', 'aria-label': t('weight_of', { name: label }), on: {
    input: () => { const n = Number(box.value); if (box.value !== '' && n >= 0 && n <= 100) set(Math.round(100 * n)); }, blur: () => show(true) } });
  const share = make('small', { cls: 'lk-share' });
  // Thirteen equal weights are 1.538 and 1.539 units of 10.000: a tenth shows them alike.
  const tenth = (units) => Math.round(units / 10) / 10;
  const own = wholeShare(told.scheme, told.scheme, key, k);
  const show = (always) => {
    const value = sim.setting[key][k];
    slider.value = value;
    if (always === true || document.activeElement !== box) box.value = tenth(value);
    if (!sim.weights) return;
    const now = wholeShare(told.scheme, sim.weights, key, k);
    share.textContent = t('weight_is', { weight: tenth(value), share: percent(now) });
    share.classList.toggle('lk-moved', Math.abs(now - own) > 5e-4);
    slider.setAttribute('aria-valuetext', t('share', { share: percent(now) }));
    share.title = t('minutes_was', { share: percent(own) });
  };
  redraw.push(show);
  return make('div', { cls: 'lk-slider' }, make('span', { cls: 'lk-weightname' }, label), slider, box, share);
}

function rulePart(sim, told, t, redraw) {
  const yearly = ['max_new', 'least_kept'];
  const names = LIMITS.filter((name) => told.can_keep || !yearly.includes(name));
  const rows = names.map((name) => {
    const box = numberBox(t(name), () => sim.setting[name], (n) => {
      sim.setting[name] = n === 0 && ['max_per_kecamatan', 'least_kecamatan'].includes(name) ? null : n;
      sim.ask();
    }, redraw, t('free'));
    // Both kinds at once only a solver settles.
    redraw.push(() => { box.disabled = isGiven(sim.setting, yearly.includes(name) ? BY_KECAMATAN : BY_YEAR); });
    return make('label', { cls: 'lk-rule' }, make('span', {}, t(name)), box);
  });
  const keep = make('input', { type: 'checkbox', on: { change: () => { sim.setting.keep_last_year = keep.checked; sim.ask(); } } });
  redraw.push(() => { keep.checked = sim.setting.keep_last_year; });
  const either = make('p', { cls: 'lk-soft' }, t('either'));
  const last = told.can_keep ? [make('label', { cls: 'lk-rule' }, make('span', {}, t('keep_last_year')), keep), either] : [];
  return make('details', { cls: 'lk-rules' }, make('summary', {}, make('h3', {}, t('rules'))), ...rows, ...last);
}

/* Who the meeting names, each with its reason. */
function handPart(state, sim, t, redraw) {
  const list = make('div', { cls: 'lk-named' });
  let shown = null;
  redraw.push(() => {
    const all = HANDS.flatMap((name) => sim.setting[name].map((hand) => [name, hand]));
    const now = all.map(([name, [i]]) => name + i).join();
    if (now === shown) return;
    shown = now;
    list.replaceChildren(...(all.length ? [] : [make('p', { cls: 'lk-soft' }, t('hands_none'))]), ...all.map(([name, hand]) => make('div', { cls: 'lk-namedrow' },
      make('button', { type: 'button', cls: 'lk-link', on: { click: () => state.select(hand[0], true) } }, data.names[hand[0]]), ' ',
      make('small', {}, where(hand[0]) + ' · ' + t(name)),
      make('button', { type: 'button', cls: 'lk-close', 'aria-label': t('undo') + ': ' + data.names[hand[0]], title: t('undo'), on: { click: () => { setHand(sim, hand[0], ''); sim.ask(); } } }, '×'),
      reasonBox(hand, t))));
  });
  return make('div', {}, make('h3', {}, t('hands')), list);
}

function reasonBox(hand, t) {
  const box = make('input', { type: 'text', maxlength: 500, placeholder: t('reason'), 'aria-label': t('reason_of', { name: data.names[hand[0]] }),
    on: { input: () => { hand[1] = box.value.trim(); } } });
  box.value = hand[1];
  return box;
}

/* The agreement: a small file for `lokus run --agreed`, and words for the minutes. */
function savePart(state, sim, told, t, percent) {
  const meeting = { name: '', date: '', note: '' };
  return () => {
    const field = (name, type, tag) => {
      const box = make(tag || 'input', { type: tag ? null : type, maxlength: name === 'note' ? 4000 : 200, rows: tag ? 2 : null, on: { input: () => { meeting[name] = box.value.trim(); show(); } } });
      box.value = meeting[name];
      return make('label', { cls: 'lk-field' }, make('span', {}, t(name === 'name' ? 'meeting' : name)), box);
    };
    const missing = make('p', { cls: 'lk-problem', role: 'status' });
    const text = make('textarea', { readonly: true, rows: 10, cls: 'lk-minutes', 'aria-label': t('minutes') });
    const said = make('p', { role: 'status' });
    const link = make('a', { cls: 'lk-primary', role: 'button', on: { click: () => { sim.saved(); said.textContent = t('saved', { file: link.download }); } } }, t('file'));
    const copy = make('button', { type: 'button', cls: 'lk-open', on: { click: () => {
      text.select();
      // Pages opened from a stick may not use the newer clipboard everywhere.
      if (document.execCommand('copy')) said.textContent = t('copied');
    } } }, t('copy'));
    const hands = HANDS.flatMap((name) => sim.setting[name].map((hand) => [name, hand]));
    const reasons = hands.map(([name, hand]) => make('label', { cls: 'lk-field' }, make('span', {}, t('reason_of', { name: data.names[hand[0]] }) + ' (' + t(name) + ')'), reasonBox(hand, t)));
    const show = () => {
      const lacking = [
        meeting.name.length >= LEAST_LETTERS ? '' : t('missing_meeting'), /^\d{4}-\d{2}-\d{2}$/.test(meeting.date) ? '' : t('missing_date'),
        hands.every(([, hand]) => hand[1].length >= LEAST_LETTERS) ? '' : t('missing_reasons'), sim.problem ? t('missing_rules') : ''].filter(Boolean);
      missing.textContent = lacking.length ? t('incomplete', { missing: lacking.join('; ') }) : '';
      text.value = minutes(sim, told, t, percent, meeting);
      if (link.href) URL.revokeObjectURL(link.href);
      link.removeAttribute('href');
      link.removeAttribute('download');
      if (lacking.length) { link.setAttribute('aria-disabled', 'true'); return; }
      link.removeAttribute('aria-disabled');
      link.href = URL.createObjectURL(new Blob([JSON.stringify(agreement(sim, told, meeting), null, 1) + '\n'], { type: 'application/json' }));
      link.download = 'kesepakatan-' + told.run + '-' + meeting.date + '.json';
    };
    const box = openDialog(t('save'), field('name', 'text'), field('date', 'date'), field('note', 'text', 'textarea'), ...reasons, missing,
      make('div', { cls: 'lk-steerends' }, link, copy), make('p', { cls: 'lk-soft' }, t('becomes')), said, make('h3', {}, t('minutes')), text);
    box.classList.add('lk-saving');
    for (const one of box.querySelectorAll('input')) one.addEventListener('input', show);
    show();
  };
}

function inWords(date) {
  const day = new Date(date + 'T00:00');
  return Number.isNaN(day.getTime()) ? '…' : day.toLocaleDateString(data.lang, { day: 'numeric', month: 'long', year: 'numeric' });
}

function agreement(sim, told, meeting) {
  const { scheme } = told;
  const named = (ids, units) => Object.fromEntries(ids.map((id, k) => [id, units[k]]));
  const rules = Object.fromEntries(['count', ...LIMITS, 'keep_last_year'].map((name) => [name, sim.setting[name]]));
  for (const name of HANDS) rules[name] = sim.setting[name].map(([i, reason, told_by]) => ({ village: data.codes[i], reason, meeting: told_by }));
  return {
    lokus_agreed: told.format, run: told.run, meeting,
    weights: { indicators: named(scheme.indicators, sim.weights.weights), dimensions: named(scheme.dimensions, sim.weights.dimension_weights) },
    selection: rules, list: told.fixed ? [] : data.codes.filter((_, i) => sim.chosen[i]),
  };
}

function minutes(sim, told, t, percent, meeting) {
  const { scheme, labels } = told;
  const share = (key, k, label, deep) => {
    const [now, was] = [sim.weights, scheme].map((units) => percent(wholeShare(scheme, units, key, k)));
    return '  '.repeat(deep) + '- ' + label + ': ' + now + (now === was ? '' : ' (' + t('minutes_was', { share: was }) + ')');
  };
  const tree = (node, deep) => [
    ...scheme.dimension_of.flatMap((d, j) => (d === node ? [share('weights', j, labels.indicators[j], deep)] : [])),
    ...scheme.parents.flatMap((p, d) => (p === node ? [share('dimension_weights', d, labels.dimensions[d], deep), ...tree(d, deep + 1)] : []))];
  const { setting } = sim;
  const limits = LIMITS.filter((name) => isGiven(setting, [name])).map((name) => '- ' + t(name) + ': ' + setting[name]);
  const hands = HANDS.flatMap((name) => setting[name].map(([i, why]) => '- ' + data.names[i] + ' (' + where(i) + ', ' + data.codes[i] + ') ' + t(name) + ': ' + why));
  const village = (i) => data.names[i] + ', ' + where(i) + ' (' + data.codes[i] + ')';
  const order = sim.ranks.map((_, i) => i).filter((i) => sim.chosen[i]).sort((a, b) => (sim.ranks[a] ?? Infinity) - (sim.ranks[b] ?? Infinity) || a - b);
  const movers = (key, who) => (who.length ? [t(key) + ': ' + who.map(village).join('; ') + '.'] : []);
  return [
    t('minutes_head', { meeting: meeting.name || '…', date: inWords(meeting.date) }), t('minutes_run', { title: data.title, run: told.run }),
    ...(meeting.note ? [t('minutes_why', { note: meeting.note })] : []), '', t('minutes_weights'), ...tree(NONE, 0), '', t('minutes_rules'),
    '- ' + t('count') + ': ' + setting.count, ...limits, ...(setting.keep_last_year ? ['- ' + t('keep_last_year')] : []), ...hands, '',
    ...(told.fixed ? [t('minutes_no_list')] : [t('minutes_list', { count: order.length }),
      ...order.map((i, k) => k + 1 + '. ' + village(i) + ' — ' + (sim.ranks[i] === null ? t('unranked') : t('rank', { rank: sim.ranks[i] }))), '',
      ...movers('enters', sim.enters), ...movers('leaves', sim.leaves), ...reach(sim, told, t)])].join('\n');
}
