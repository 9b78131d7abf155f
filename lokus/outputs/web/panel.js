/* The panel: the list of chosen villages, or one village with its reasons, bars and notes. */
function showList(state) {
  const chosen = state.order.filter((i) => data.chosen[i]);
  state.panel.replaceChildren(
    panelHead(state, say('ui.list'), null),
    ...some(data.list_note ? make('p', { cls: 'lk-listnote' }, data.list_note) : null),
    make('ol', { cls: 'lk-list' }, ...chosen.map((i) => make('li', {},
      make('button', { type: 'button', on: { click: () => state.select(i, true) } },
        make('span', { cls: 'lk-badge' }, data.ranks[i] === null ? '•' : String(data.ranks[i])),
        make('span', { cls: 'lk-who' }, make('b', {}, data.names[i]), make('small', {}, where(i))),
        make('span', { cls: 'lk-sure', title: data.panels[i].sure }, data.sure[i]))))));
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
    section(say('panel.reasons'), bullets(own.reasons)),
    section(say('panel.indicators'), barKey(), make('div', { cls: 'lk-bars' }, ...own.bars.map((bar, k) => barRow(data.bars[k], bar)))),
    own.pattern.length ? half(say('panel.pattern'), own.pattern.map((k) => data.patterns[k])) : null,
    own.flags.length ? half(say('panel.quality'), own.flags) : null));
  state.panel.scrollTop = 0;
}

/* `replaceChildren` would write a missing child out as the word null. */
const some = (...children) => children.filter((child) => child !== null && child !== undefined);

/* Which signs any bar of the run has: the key explains no others. */
const onBars = {
  bar: true, mean: true, target: data.bars.some((bar) => bar.target !== null),
  range: data.panels.some((own) => own.bars.some((bar) => bar.length > 5)),
  raw: data.panels.some((own) => own.bars.some((bar) => bar.length > 7)),
};

const along = (thousandths) => ({ left: thousandths / 10 + '%' });

function barKey() {
  return make('p', { cls: 'lk-key' }, make('span', { cls: 'lk-scale' }, say('panel.scale')),
    ...['bar', 'range', 'raw', 'mean', 'target'].filter((part) => onBars[part]).map((part) => make('span', {}, make('i', { cls: 'lk-key' + part }), say('panel.' + part))));
}

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
    make('div', { cls: 'lk-barhead' }, make('span', {}, shared.label), points ? make('b', {}, points) : null),
    known(shared.mean) ? track : null,
    make('div', { cls: 'lk-bartext' }, [text, people].filter(Boolean).join(' · ')));
}
