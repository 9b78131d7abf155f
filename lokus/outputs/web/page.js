/* The page: data, small building blocks, layer list, legend and search. Text from data only ever enters as text. */
const data = JSON.parse(document.getElementById('lokus-data').textContent);
const say = (key) => data.texts[key];

function make(tag, options, ...children) {
  const { cls, style, on, ...attributes } = options || {};
  const node = document.createElement(tag);
  if (cls) node.className = cls;
  if (style) Object.assign(node.style, style);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== undefined && value !== null && value !== false) node.setAttribute(name, value === true ? '' : value);
  }
  for (const [event, act] of Object.entries(on || {})) node.addEventListener(event, act);
  // A number stays on one line with its sign.
  const tidy = (child) => (typeof child === 'string'
    ? child.replace(/(\d) %/g, '$1\u00a0%').replace(/([<>≥≤]) (?=\d)/g, '$1\u00a0').replace(/\bke-(?=\d)/g, 'ke\u2011') : child);
  node.append(...children.filter((child) => child !== null && child !== undefined && child !== '').map(tidy));
  return node;
}

const where = (i) => say('ui.kecamatan') + ' ' + data.kecamatan[data.within[i]].name;

/* A line that a narrow screen cuts short and a tap opens. */
function folding(tag, cls, ...children) {
  return make(tag, { cls: cls + ' lk-fold', on: { click: (event) => event.currentTarget.classList.toggle('lk-unfolded') } }, ...children);
}

function buildPage(state) {
  const toggle = (name) => make('button', { type: 'button', cls: 'lk-open lk-open-' + name, on: { click: () => {
    const open = document.body.classList.toggle('lk-' + name + '-open');
    if (open) document.body.classList.remove(name === 'side' ? 'lk-panel-open' : 'lk-side-open');
  } } }, say(name === 'side' ? 'ui.layers' : 'ui.list'));
  const head = make('header', { cls: 'lk-head' },
    make('div', { cls: 'lk-titles' },
      make('h1', {}, data.title),
      make('p', { cls: 'lk-sub' }, data.subtitle, make('span', { cls: 'lk-run' }, data.run))),
    make('div', { cls: 'lk-opens' }, toggle('side'), toggle('panel')),
    data.notes.length ? folding('p', 'lk-notes', data.notes.join(' ')) : null);
  const side = make('nav', { cls: 'lk-side', 'aria-label': say('ui.layers') });
  const panel = make('aside', { cls: 'lk-panel', 'aria-live': 'polite' });
  const legend = make('section', { cls: 'lk-legend', 'aria-live': 'polite' });
  const foot = folding('footer', 'lk-foot', make('b', {}, say('ui.sources') + ': '), data.sources.join(' · '));
  document.body.append(make('main', { cls: 'lk-page' }, head, side, state.map.getContainer(), legend, panel, foot));
  Object.assign(state, { side, panel, legend });
  side.append(buildSearch(state), buildLayerList(state), buildToggles(state));
  const lost = data.at.flatMap((at, i) => (at ? [] : [i]));
  if (lost.length) {
    side.append(make('details', { cls: 'lk-lost' },
      make('summary', {}, say('ui.no_polygons') + ' (' + lost.length + ')'),
      make('ul', {}, ...lost.map((i) => make('li', {},
        make('button', { type: 'button', on: { click: () => state.select(i, true) } }, data.names[i] + ' — ' + where(i)))))));
  }
  side.append(make('button', { type: 'button', cls: 'lk-print', on: { click: () => window.print() } }, say('ui.print')));
}

function buildLayerList(state) {
  const groups = data.groups.map((group) => {
    const own = data.layers.filter((layer) => layer.group === group.id);
    return own.length ? make('fieldset', { cls: 'lk-group' }, make('legend', {}, group.label),
      ...own.map((layer) => make('label', {},
        make('input', { type: 'radio', name: 'lk-layer', value: layer.id, checked: layer.id === data.start,
          on: { change: () => state.show(layer.id) } }),
        make('span', {}, layer.label)))) : null;
  });
  return make('div', { cls: 'lk-layers' }, ...groups);
}

function buildToggles(state) {
  const box = (name, label, on, symbol) => make('label', {},
    make('input', { type: 'checkbox', name: 'lk-' + name, checked: on,
      on: { change: (event) => state.toggle(name, event.target.checked) } }),
    make('span', {}, label, symbol ? make('span', { cls: 'lk-key-spot' }, ' ' + symbol) : null));
  return make('fieldset', { cls: 'lk-group' }, make('legend', {}, say('ui.show')),
    box('chosen', say('toggle.chosen'), true),
    box('kecamatan', say('toggle.kecamatan'), true),
    box('names', say('toggle.names'), false),
    ...data.points.map((points, n) => box('points' + n, points.label, true, '◆')));
}

function swatch(tone) {
  return make('span', { cls: 'lk-swatch' + (tone.pattern ? ' lk-' + tone.pattern : ''),
    style: tone.pattern ? {} : { background: tone.colour } }, tone.mark);
}

function showLegend(state, layer) {
  state.legend.replaceChildren(
    make('h2', {}, layer.title),
    make('ul', { cls: layer.id === 'cluster' ? 'lk-lines' : '' }, ...layer.tones.map((tone) => make('li', { cls: tone.count ? '' : 'lk-none' },
      swatch(tone), make('span', { cls: 'lk-tone', title: tone.label }, tone.label), make('span', { cls: 'lk-count' }, tone.count.toLocaleString(data.lang))))),
    make('p', {}, layer.rule + '.'));
}

/* Search. Options are villages and kecamatan; the text is compared without case, dots and accents. */
const plain = (s) => s.normalize('NFD').replace(/[\u0300-\u036f.]/g, '').toLowerCase();

function findAll(text) {
  const words = plain(text).split(/\s+/).filter(Boolean);
  if (!words.length) return [];
  const all = (s) => words.every((word) => s.includes(word));
  const found = [];
  data.kecamatan.forEach((place, k) => {
    if (all(plain(say('ui.kecamatan') + ' ' + place.name + ' ' + place.code))) found.push({ k, order: -1 });
  });
  data.names.forEach((name, i) => {
    const own = plain(name);
    if (all(own + ' ' + plain(where(i)) + ' ' + plain(data.codes[i]))) {
      found.push({ i, order: own.startsWith(words[0]) ? 0 : all(own) ? 1 : 2 });
    }
  });
  return found.sort((a, b) => a.order - b.order).slice(0, 12);
}

function buildSearch(state) {
  const list = make('ul', { cls: 'lk-found', role: 'listbox', id: 'lk-found', hidden: true, 'aria-label': say('ui.search') });
  let found = [];
  let at = -1;
  const close = () => { list.hidden = true; input.setAttribute('aria-expanded', 'false'); input.removeAttribute('aria-activedescendant'); };
  const pick = (hit) => {
    close();
    if (hit.k !== undefined) { input.value = data.kecamatan[hit.k].name; state.goKecamatan(hit.k); }
    else { input.value = data.names[hit.i]; state.select(hit.i, true); }
  };
  const mark = (n) => {
    at = n;
    [...list.children].forEach((node, k) => node.setAttribute('aria-selected', String(k === n)));
    if (n >= 0) { input.setAttribute('aria-activedescendant', 'lk-found-' + n); list.children[n].scrollIntoView({ block: 'nearest' }); }
  };
  const option = (hit, n) => make('li', { role: 'option', id: 'lk-found-' + n, on: {
    // Pressed, not clicked: the click would come after the search box had lost its focus and closed the list.
    pointerdown: (event) => { event.preventDefault(); pick(hit); } } },
  ...(hit.k !== undefined
    ? [make('b', {}, say('ui.kecamatan') + ' ' + data.kecamatan[hit.k].name),
      make('small', {}, data.kecamatan[hit.k].count + ' ' + say('ui.villages'))]
    : [make('b', {}, data.names[hit.i] + ' — ' + where(hit.i)),
      make('small', {}, data.codes[hit.i] + (data.at[hit.i] ? '' : ' · ' + say('ui.no_polygon')))]));
  const look = () => {
    found = findAll(input.value);
    list.replaceChildren(...(found.length ? found.map(option) : [make('li', { cls: 'lk-nothing' }, say('ui.nothing'))]));
    list.hidden = !input.value.trim();
    input.setAttribute('aria-expanded', String(!list.hidden));
    at = -1;
    if (found.length) mark(0);
  };
  const keys = {
    ArrowDown: () => found.length && mark((at + 1) % found.length),
    ArrowUp: () => found.length && mark((at - 1 + found.length) % found.length),
    Enter: () => at >= 0 && pick(found[at]),
    Escape: close,
  };
  const input = make('input', { type: 'search', id: 'lk-search', placeholder: say('ui.search'), 'aria-label': say('ui.search'),
    role: 'combobox', 'aria-expanded': 'false', 'aria-controls': 'lk-found', 'aria-autocomplete': 'list', autocomplete: 'off',
    on: { input: look, focus: () => input.value && look(), blur: close,
      keydown: (event) => { if (keys[event.key] && !list.hidden) { event.preventDefault(); keys[event.key](); } } } });
  return make('div', { cls: 'lk-search' }, input, list);
}
