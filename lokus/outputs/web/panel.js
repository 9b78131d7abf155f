/* The panel: the list of chosen villages, or one village with its reasons, bars and notes. */
function showList(state, most = COUNT_FIRST) {
  const chosen = state.order.filter((i) => data.chosen[i] && inFilter(state, i));
  state.panel.replaceChildren(
    panelHead(state, say('ui.list') + (state.only === null ? '' : ' — ' + say('ui.kecamatan') + ' ' + data.kecamatan[state.only].name), null),
    ...some(chosen.length ? null : make('p', { cls: 'lk-listnote' }, say('ui.none_here'))),
    ...some(data.list_note ? make('p', { cls: 'lk-listnote' }, data.list_note) : null),
    make('ol', { cls: 'lk-list' }, ...chosen.slice(0, most).map((i) => make('li', {},
      make('button', { type: 'button', on: { click: () => state.select(i, true) } },
        make('span', { cls: 'lk-badge' }, data.ranks[i] === null ? '•' : String(data.ranks[i])),
        make('span', { cls: 'lk-who' }, make('b', {}, data.names[i]), make('small', {}, where(i))),
        make('span', { cls: 'lk-sure', title: data.panels[i].sure }, data.sure[i]))))),
    ...some(chosen.length > most ? make('button', { type: 'button', cls: 'lk-print', on: { click: () => showList(state, Infinity) } },
      filled('page.more', { count: (chosen.length - most).toLocaleString(data.lang) })) : null));
  state.panel.scrollTop = 0;
}

function panelHead(state, title, back) {
  return make('div', { cls: 'lk-panelhead' },
    back ? make('button', { type: 'button', cls: 'lk-back', 'aria-label': say('ui.back'), title: say('ui.back'), on: { click: back } }, '‹') : null,
    make('h2', {}, title),
    make('button', { type: 'button', cls: 'lk-close', 'aria-label': say('ui.close'), title: say('ui.close'), on: { click: () => {
      document.body.classList.remove('lk-panel-open');
      document.body.classList.add('lk-panel-closed');
      state.deselect();
    } } }, '×'));
}

function showVillage(state, i) {
  const own = data.panels[i];
  const section = (title, ...inside) => make('section', {}, make('h3', {}, title), ...inside);
  const half = (title, items) => make('section', { cls: 'lk-half' }, make('h3', {}, title), bullets(items));
  const bullets = (items) => make('ul', { cls: 'lk-bullets' }, ...items.map((item) => make('li', {}, item)));
  state.panel.replaceChildren(...some(
    panelHead(state, data.names[i], () => state.deselect()),
    make('p', { cls: 'lk-place' }, [own.kind, where(i), data.codes[i]].filter(Boolean).join(' · ')),
    make('p', { cls: 'lk-tags' },
      make('span', { cls: data.chosen[i] ? 'lk-tag lk-yes' : 'lk-tag' }, say(data.chosen[i] ? 'panel.chosen' : 'panel.not_chosen')),
      own.last ? make('span', { cls: 'lk-tag' }, say('panel.last_year')) : null,
      data.at[i] ? null : make('span', { cls: 'lk-tag' }, say('ui.no_polygon'))),
    make('dl', { cls: 'lk-figures' }, ...own.figures.map(([label, value, sub]) =>
      make('div', {}, make('dt', {}, label), make('dd', {}, make('b', {}, value), ' ', make('small', {}, sub))))),
    make('p', { cls: 'lk-certainty' }, own.sure ? own.sure + '. ' : '', own.why),
    own.reasons.length ? section(say('panel.reasons'), bullets(own.reasons)) : null,
    data.trend ? section(data.trend.title, ...trend(data.trend, i)) : null,
    section(say('panel.indicators'), barKey(), make('div', { cls: 'lk-bars' }, ...own.bars.map((bar, k) => barRow(data.bars[k], bar)))),
    own.pattern.length ? half(say('panel.pattern'), own.pattern.map((k) => data.patterns[k])) : null,
    own.flags.length ? half(say('panel.quality'), own.flags) : null));
  state.panel.scrollTop = 0;
}

/* What changed since the earlier run: its sentences, and both intervals on one axis from 0 %. */
function trend(told, i) {
  const { lines, spans } = told.villages[i];
  const row = (span, k) => make('div', { cls: 'lk-trend' }, make('span', {}, told.labels[k]), make('div', { cls: 'lk-track' },
    span ? make('i', { cls: 'lk-range', style: { left: span[0] / 10 + '%', width: (span[2] - span[0]) / 10 + '%' } }) : null,
    span ? make('i', { cls: 'lk-dot', style: along(span[1]) }) : null));
  return [...(spans.length ? [...spans.map(row), make('p', { cls: 'lk-axis', 'aria-hidden': 'true' }, make('span', {}, '0 %'), make('span', {}, told.axis))] : []),
    make('ul', { cls: 'lk-bullets' }, ...lines.map((line) => make('li', {}, line)))];
}

/* `replaceChildren` would write a missing child out as the word null. */
const some = (...children) => children.filter((child) => child !== null && child !== undefined);

/* Which signs any bar of the run has: the key explains no others. */
const onBars = {
  bar: true, mean: true, target: data.bars.some((bar) => bar.target !== null),
  range: data.longest ? data.longest > 5 : data.panels.some((own) => own.bars.some((bar) => bar.length > 5)),
  raw: data.longest ? data.longest > 7 : data.panels.some((own) => own.bars.some((bar) => bar.length > 7)),
};

const along = (thousandths) => ({ left: thousandths / 10 + '%' });

function barKey() {
  return make('p', { cls: 'lk-key' }, make('span', { cls: 'lk-scale' }, say('panel.scale')),
    ...['bar', 'range', 'raw', 'mean', 'target'].filter((part) => onBars[part]).map((part) => make('span', {}, make('i', { cls: 'lk-key' + part }), say('panel.' + part))));
}

/* A text whose ending is told once for all villages. */
const withEnd = (text, end) => (text.endsWith('~') ? text.slice(0, -1) + end : text);

function barRow(shared, bar) {
  const [text, to, points, people, worse, from, until, raw] = bar;
  const known = (value) => value !== null && value !== undefined;
  const track = make('div', { cls: 'lk-track' },
    known(to) ? make('i', { cls: worse ? 'lk-fill lk-worse' : 'lk-fill', style: { width: to / 10 + '%' } }) : null,
    known(from) ? make('i', { cls: 'lk-range', style: { left: from / 10 + '%', width: (until - from) / 10 + '%' } }) : null,
    known(raw) ? make('i', { cls: 'lk-raw', style: along(raw), title: say('panel.raw') }) : null,
    known(shared.mean) ? make('i', { cls: 'lk-mean', style: along(shared.mean), title: say('panel.mean') + ' ' + shared.mean_text }) : null,
    known(shared.target) ? make('i', { cls: 'lk-target', style: along(shared.target), title: say('panel.target') + ' ' + shared.target_text }) : null);
  return make('div', { cls: 'lk-bar' },
    make('div', { cls: 'lk-barhead' }, make('span', {}, shared.label), points ? make('b', {}, withEnd(points, shared.ends.points)) : null),
    known(shared.mean) ? track : null,
    make('div', { cls: 'lk-bartext' }, [text, people && withEnd(people, shared.ends.people)].filter(Boolean).join(' · ')));
}
