const LAST = ['full', 'help'];

/* The buttons over the map, the keys that do the same, the help that lists them, and what to do with paper and screen.

   Other parts add their own: state.tool({ id, symbol, label, key, act }) makes a button, with a key if it has one, and
   state.key({ key, shown, label, act }) a key alone. While state.modal is true (a presentation, say) no key is ours. */
function buildTools(state) {
  const row = make('div', { cls: 'lk-tools', role: 'toolbar', 'aria-label': say('ui.tools') });
  state.keys = [];
  state.keysOn = true;
  state.modal = false;
  state.key = (entry) => state.keys.push(entry);
  state.tool = ({ id, symbol, label, key, act }) => {
    const button = make('button', { type: 'button', cls: 'lk-tool lk-tool-' + id, title: key ? label + ' (' + key.toUpperCase() + ')' : label,
      'aria-keyshortcuts': key, on: { click: act } },
    make('span', { cls: 'lk-symbol', 'aria-hidden': 'true' }, symbol), make('span', { cls: 'lk-toolname' }, label));
    row.insertBefore(button, LAST.includes(id) ? null : row.querySelector(LAST.map((name) => '.lk-tool-' + name).join(',')));
    if (key) state.key({ key, label, act });
    return button;
  };
  window.addEventListener('keydown', (event) => pressed(state, event), true);
  return row;
}

const TYPES = 'input:not([type="radio"]):not([type="checkbox"]), textarea, select, [contenteditable]';
// Keys that a control under the cursor needs itself.
const OWN = { ArrowLeft: 'input, select', ArrowRight: 'input, select' };

function pressed(state, event) {
  const at = event.target instanceof Element ? event.target : document.body;
  if (state.modal || event.ctrlKey || event.metaKey || event.altKey || document.querySelector('dialog[open]')) return;
  if (at.closest('[role="separator"]') && /^(Arrow|Home|End)/.test(event.key)) return;
  if (event.key !== 'Escape' && (at.matches(TYPES) || (OWN[event.key] && at.matches(OWN[event.key])))) return;
  if (event.key === 'Escape' && at.id === 'lk-search' && at.value) return;
  // A map entered by the keyboard moves by its arrows; one that was only clicked leaves them to the villages.
  if (event.key.startsWith('Arrow') && at.matches('.leaflet-container:focus-visible')) return;
  const entry = state.keys.find(({ key }) => key === event.key || key === event.key.toLowerCase());
  if (!entry || (!state.keysOn && event.key.length === 1)) return;
  event.preventDefault();
  event.stopPropagation();
  entry.act();
}

function openDialog(title, ...inside) {
  const close = make('button', { type: 'button', cls: 'lk-close', 'aria-label': say('ui.close'), title: say('ui.close'), on: { click: () => box.close() } }, '×');
  const box = make('dialog', { cls: 'lk-dialog', 'aria-labelledby': 'lk-dialog-title', on: {
    close: () => box.remove(),
    click: (event) => { if (event.target === box) box.close(); } } },
  make('div', { cls: 'lk-dialoghead' }, make('h2', { id: 'lk-dialog-title' }, title), close), ...inside);
  document.body.append(box);
  box.showModal();
  return box;
}

function showHelp(state) {
  const row = ({ key, shown, label }) => make('div', {}, make('dt', {}, make('kbd', {}, shown || (key.length === 1 ? key.toUpperCase() : key))), make('dd', {}, label));
  openDialog(say('ui.help'),
    make('p', {}, say('ui.help_map')),
    make('dl', { cls: 'lk-keys' }, ...state.keys.filter(({ label }) => label).map(row)),
    make('label', { cls: 'lk-check' }, make('input', { type: 'checkbox', checked: state.keysOn,
      on: { change: (event) => { state.keysOn = event.target.checked; } } }), make('span', {}, say('ui.keys_on'))));
}

/* The whole screen; where a browser has none, or refuses, the page stays as it is. */
function fullscreen() {
  if (document.fullscreenElement) document.exitFullscreen().catch(() => {});
  else document.documentElement.requestFullscreen().catch(() => {});
}

let upright = null;

function askPaper(state) {
  const choice = (name, values) => make('fieldset', { cls: 'lk-choice' }, make('legend', {}, say('ui.' + name)), ...values.map((value) => make('label', {},
    make('input', { type: 'radio', name: 'lk-' + name, value, checked: state.paper[name] === value, on: { change: () => { state.paper[name] = value; } } }),
    make('span', {}, say('ui.' + name + '_' + value)))));
  const box = openDialog(say('ui.print'), choice('size', ['A4', 'A3']), choice('turn', ['landscape', 'portrait']),
    make('p', {}, say(state.held === null ? 'ui.print_whole' : 'ui.print_village')),
    make('button', { type: 'button', cls: 'lk-primary', on: { click: () => { box.close(); usePaper(state); window.print(); } } }, say('ui.print')));
}

/* The paper that the browser's own dialog shall offer, and the layout for it: what a browser takes for the paper's
   orientation need not be what the page asked for. */
function usePaper(state) {
  const rule = document.getElementById('lk-paper') || document.head.appendChild(make('style', { id: 'lk-paper' }));
  rule.textContent = '@page { size: ' + state.paper.size + ' ' + state.paper.turn + '; }';
  upright = upright || [...document.styleSheets].flatMap((sheet) => [...sheet.cssRules]).find((one) => one.media && one.media.mediaText.includes('portrait'));
  upright.media.mediaText = state.paper.turn === 'portrait' ? 'print' : 'not all';
}

/* The tools and keys that every map has; called when all the rest stands. */
function prepareTools(state) {
  state.paper = { size: 'A4', turn: 'landscape' };
  state.tool({ id: 'print', symbol: icon('M7 9V3h10v6M7 17H4v-7h16v7h-3M7 14h10v7H7z'), label: say('ui.print'), key: 'p', act: () => askPaper(state) });
  if (document.fullscreenEnabled) state.tool({ id: 'full', symbol: icon('M4 9V4h5M15 4h5v5M20 15v5h-5M9 20H4v-5'), label: say('ui.full'), key: 'f', act: fullscreen });
  state.tool({ id: 'help', symbol: '?', label: say('ui.help'), key: '?', act: () => showHelp(state) });
  const side = (node) => { document.body.classList.add('lk-side-open'); node.focus(); };
  const layer = (step) => {
    const all = data.layers.map(({ id }) => id);
    const id = all[(all.indexOf(state.layer.id) + step + all.length) % all.length];
    state.side.querySelector('input[value="' + CSS.escape(id) + '"]').checked = true;
    state.show(id);
  };
  for (const entry of [
    { key: '/', label: say('ui.search'), act: () => side(document.getElementById('lk-search')) },
    { key: 'l', label: say('ui.layers'), act: () => side(state.side.querySelector('input[name="lk-layer"]:checked')) },
    { key: ',', shown: ', .', label: say('key.layer'), act: () => layer(-1) },
    { key: '.', act: () => layer(1) },
    { key: 'ArrowLeft', shown: '← →', label: say('key.village'), act: () => state.step(-1) },
    { key: 'ArrowRight', act: () => state.step(1) },
    { key: 'k', label: say('key.kecamatan'), act: () => side(document.getElementById('lk-only')) },
    { key: 'w', label: say('ui.whole'), act: () => state.goWhole() },
    { key: '+', shown: '+ −', label: say('key.zoom'), act: () => state.map.zoomIn() },
    { key: '-', act: () => state.map.zoomOut() },
    { key: 'Escape', shown: 'Esc', label: say('key.back'), act: () => state.back() },
  ]) state.key(entry);
}
