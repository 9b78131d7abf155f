/* The page: data, small building blocks, layer list, legend and search. Text from data only ever enters as text. */
const data = await unpacked(JSON.parse(document.getElementById('lokus-data').textContent));
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

function svg(tag, attributes, ...children) {
  const made = document.createElementNS('http:' + '//www.w3.org/2000/svg', tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

const icon = (d) => svg('svg', { viewBox: '0 0 24 24', width: '1.35em', height: '1.35em', fill: 'none', stroke: 'currentColor', 'stroke-width': 2, 'stroke-linejoin': 'round' }, svg('path', { d }));

// Places of the first kind, the second …: told apart by shape.
const POINT_MARKS = ['◆', '●', '■', '▲'];

const where = (i) => areaName(data.within[i]);

/* A kecamatan, and its kabupaten where the map holds several. */
const areaName = (k) => say('ui.kecamatan') + ' ' + data.kecamatan[k].name + (data.kecamatan[k].kabupaten ? ', ' + data.kecamatan[k].kabupaten : '');

/* A line that a narrow screen cuts short and a tap opens. */
function folding(tag, cls, ...children) {
  return make(tag, { cls: cls + ' lk-fold', on: { click: (event) => event.currentTarget.classList.toggle('lk-unfolded') } }, ...children);
}

function buildPage(state) {
  const toggle = (name) => make('button', { type: 'button', cls: 'lk-open lk-open-' + name, on: { click: () => {
    const open = document.body.classList.toggle('lk-' + name + '-open');
    document.body.classList.remove('lk-panel-closed');
    if (open) document.body.classList.remove(name === 'side' ? 'lk-panel-open' : 'lk-side-open');
  } } }, say(name === 'side' ? 'ui.layers' : 'ui.villages_list'));
  const tools = buildTools(state);
  const head = make('header', { cls: 'lk-head' },
    make('div', { cls: 'lk-titles' },
      data.mark ? make('p', { cls: 'lk-internal' }, data.mark) : null,
      make('h1', {}, data.title),
      make('p', { cls: 'lk-sub' }, data.subtitle, make('span', { cls: 'lk-run' }, data.run))),
    make('div', { cls: 'lk-bar-row' }, make('div', { cls: 'lk-opens' }, toggle('side'), toggle('panel')), tools),
    data.notes.length ? folding('p', 'lk-notes', data.notes.join(' ')) : null,
    data.doubt ? make('p', { cls: 'lk-doubt' }, data.doubt) : null);
  const side = make('nav', { cls: 'lk-side', 'aria-label': say('ui.layers') });
  const panel = make('aside', { cls: 'lk-panel', tabindex: -1, 'aria-label': say('ui.panel') });
  const legend = make('section', { cls: 'lk-legend', tabindex: 0, 'aria-label': say('ui.legend') });
  const foot = folding('footer', 'lk-foot', make('b', {}, say('ui.sources') + ': '), data.sources.join(' · '));
  foot.tabIndex = 0;
  const status = make('p', { cls: 'lk-status', role: 'status' });
  const chart = state.map.getContainer();
  chart.setAttribute('role', 'region');
  chart.setAttribute('aria-label', say('ui.map'));
  document.body.append(make('main', { cls: 'lk-page' }, head, side, chart, legend, panel, foot, status));
  Object.assign(state, { side, panel, legend, tools });
  state.tell = (text) => { status.textContent = text; };
  side.append(make('div', { cls: 'lk-search' }, ...buildSearch(state), buildFilter(state)), buildLayerList(state), buildToggles(state));
  const lost = data.at.flatMap((at, i) => (at ? [] : [i]));
  if (lost.length) {
    side.append(make('details', { cls: 'lk-lost' },
      make('summary', {}, say('ui.no_polygons') + ' (' + lost.length + ')'),
      make('ul', {}, ...lost.map((i) => make('li', {},
        make('button', { type: 'button', on: { click: () => state.select(i, true) } }, data.names[i] + ' — ' + where(i)))))));
  }
}

/* One kecamatan alone: the others fade, the list and the legend's counts are its own. */
function buildFilter(state) {
  const names = data.kecamatan.map((place, k) => ({ k, name: place.name })).sort((a, b) => a.name.localeCompare(b.name, data.lang));
  const seen = new Map();
  for (const { name } of names) seen.set(name, (seen.get(name) || 0) + 1);
  return make('select', { id: 'lk-only', 'aria-label': say('ui.only'), on: {
    change: (event) => state.goKecamatan(event.target.value === '' ? null : Number(event.target.value)) } },
  make('option', { value: '' }, say('ui.all_kecamatan')),
  ...names.map(({ k, name }) => make('option', { value: String(k) }, name + (seen.get(name) > 1 ? ' (' + (data.kecamatan[k].kabupaten || data.kecamatan[k].code) + ')' : ''))));
}

const inFilter = (state, i) => state.only === null || data.within[i] === state.only;

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
  const places = data.points.map((points, n) => box('points' + n, points.label, state.on['points' + n], POINT_MARKS[n % POINT_MARKS.length]));
  return make('div', { cls: 'lk-toggles' },
    places.length ? make('fieldset', { cls: 'lk-group' }, make('legend', {}, say('group.facility')), ...places) : null,
    make('fieldset', { cls: 'lk-group' }, make('legend', {}, say('ui.show')),
      box('chosen', say('toggle.chosen'), state.on.chosen),
      box('kecamatan', say('toggle.kecamatan'), state.on.kecamatan),
      box('names', say('toggle.names'), state.on.names),
      data.regions ? box('kabupaten', say('page.toggle'), state.on.kabupaten) : null));
}

function swatch(tone) {
  return make('span', { cls: 'lk-swatch' + (tone.pattern ? ' lk-' + tone.pattern : ''),
    style: tone.pattern ? {} : { background: tone.colour } }, tone.mark);
}

function countsOf(state, layer) {
  if (state.only === null || state.sumsUp()) return layer.tones.map((tone) => tone.count);
  const counts = layer.tones.map(() => 0);
  layer.of.forEach((k, i) => { if (inFilter(state, i)) counts[k] += 1; });
  return counts;
}

function legendOf(state, chosen) {
  const layer = state.asShown(chosen);
  const counts = countsOf(state, layer);
  return [
    make('h2', {}, layer.title),
    make('ul', { cls: layer.id === 'cluster' ? 'lk-lines' : '' }, ...layer.tones.map((tone, k) => make('li', { cls: counts[k] ? '' : 'lk-none' },
      swatch(tone), make('span', { cls: 'lk-tone', title: tone.label }, tone.label), make('span', { cls: 'lk-count' }, counts[k].toLocaleString(data.lang))))),
    make('p', {}, layer.rule + '.')];
}

function showLegend(state, layer) {
  const both = state.swipe && state.swipe.layer;
  state.legend.classList.toggle('lk-both', Boolean(both));
  state.legend.replaceChildren(...(both
    ? [layer, both].map((one) => make('div', { cls: 'lk-halflegend' }, ...legendOf(state, one)))
    : legendOf(state, layer)));
}

/* Search. Options are villages and kecamatan; the text is compared without case, dots and accents. */
const plain = (s) => s.normalize('NFD').replace(/[\u0300-\u036f.]/g, '').toLowerCase();

const searched = [];

function findAll(text) {
  const words = plain(text).split(/\s+/).filter(Boolean);
  if (!words.length) return [];
  const all = (s) => words.every((word) => s.includes(word));
  const found = [];
  data.kecamatan.forEach((place, k) => {
    if (all(plain(say('ui.kecamatan') + ' ' + place.name + ' ' + place.code))) found.push({ k, order: -1 });
  });
  if (!searched.length) data.names.forEach((name, i) => searched.push([plain(name), plain(where(i) + ' ' + data.codes[i])]));
  searched.forEach(([own, more], i) => {
    if (all(own + ' ' + more)) {
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
    state.panel.focus({ preventScroll: true });
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
    ? [make('b', {}, areaName(hit.k)),
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
    Escape: () => { input.value = ''; close(); },
  };
  const input = make('input', { type: 'search', id: 'lk-search', placeholder: say('ui.search'), 'aria-label': say('ui.search'),
    role: 'combobox', 'aria-expanded': 'false', 'aria-controls': 'lk-found', 'aria-autocomplete': 'list', autocomplete: 'off',
    on: { input: look, focus: () => input.value && look(), blur: close,
      keydown: (event) => { if (keys[event.key] && !list.hidden) { event.preventDefault(); keys[event.key](); } } } });
  return [input, list];
}
