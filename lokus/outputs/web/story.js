/* The run told on the map in a few steps of large type, for a hall: by keys, a clicker, buttons or a swipe of the hand.
   Whatever the page showed before comes back when the story is left. */
const FAR = [1.1, 1.9, 2.8, 4, 5.5];
const AROUND = [[1, 0], [-1, 0], [0.8, -0.8], [-0.8, -0.8], [0.8, 0.8], [-0.8, 0.8], [0, -1], [0, 1]];
const SWIPED = 45;
// More names than so many hide the map under them, on a slim one still fewer.
const [MANY, FEW, SLIM] = [30, 8, 600];

function prepareStory({ map, state, home, goHome, hold }) {
  const steps = data.story;
  let [at, seen, ours] = [0, null, false];

  const button = (cls, label, sign, act) => make('button', { type: 'button', cls: 'lk-story' + cls, 'aria-label': label, title: label, on: { click: act } }, sign);
  const told = make('div', { cls: 'lk-storytold', 'aria-live': 'polite', 'aria-atomic': 'true' });
  const count = make('p', { cls: 'lk-storycount' });
  const back = button('back', say('story.back'), '‹', () => go(at - 1));
  const next = button('next', say('story.next'), '›', () => go(at + 1));
  const box = make('section', { cls: 'lk-story', 'aria-label': say('story.present'), tabindex: -1, hidden: true }, told,
    make('div', { cls: 'lk-storybar' }, back, count, next, button('end', say('story.end'), '×', () => leave())),
    make('p', { cls: 'lk-storyrun' }, data.run + ' · ' + data.title));
  document.querySelector('.lk-page').append(box);
  const names = storyNames(map);

  function go(n) {
    if (!seen || n < 0 || n >= steps.length) return;
    at = n;
    const step = steps[at];
    const sided = ['rules', 'uncertain', 'changed'].includes(step.id);
    state.marked = new Set(step.id === 'chosen' ? [] : step.villages);
    state.on.chosen = step.id === 'chosen';
    state.show(data.layers.some(({ id }) => id === step.layer) ? step.layer : data.start);
    told.replaceChildren(...some(make('h1', {}, step.heading),
      step.figure ? make('p', { cls: 'lk-storyfigure' }, make('b', {}, step.figure), make('span', {}, step.caption)) : null,
      ...step.lines.map((line) => make('p', { cls: 'lk-storyline' }, line)),
      sided ? make('p', { cls: 'lk-storykey' }, make('span', { cls: 'lk-storyname lk-in' }, say('panel.chosen')), make('span', { cls: 'lk-storyname' }, say('panel.not_chosen'))) : null));
    count.textContent = (at + 1) + ' / ' + steps.length;
    back.disabled = at === 0;
    next.disabled = at === steps.length - 1;
    fit();
    goHome();
    names.draw([...state.marked], sided);
  }

  /* Text that is too long for its band is set smaller, down to what a hall can just read; beyond that it scrolls. */
  function fit() {
    told.scrollTop = 0;
    for (let size = 1; size >= 0.7; size -= 0.05) {
      told.style.setProperty('--fit', size);
      if (told.scrollHeight <= told.clientHeight) return;
    }
  }

  function enter() {
    if (seen || !steps.length) return;
    seen = { layer: state.layer.id, on: { ...state.on }, held: state.held, only: state.only, swipe: state.swipe.layer && state.swipe.layer.id, steer: Boolean(state.steer && state.steer.on), select: state.select,
      classes: document.body.className, center: map.getCenter(), zoom: map.getZoom(), whole: home.shown, focus: document.activeElement };
    state.swipe.stop();
    // The story is the run's: a simulation waits until it is left.
    if (seen.steer) state.steer.open(false);
    if (state.only !== null) state.goKecamatan(null);
    hold(null);
    state.modal = true;
    // A village that is clicked says its name and value; its panel would cover the story.
    state.select = () => {};
    for (const name of Object.keys(state.on)) if (!['chosen', 'kecamatan'].includes(name)) state.toggle(name, false);
    document.body.classList.remove('lk-panel-open', 'lk-side-open');
    document.body.classList.add('lk-telling');
    document.documentElement.classList.add('lk-large');
    box.hidden = false;
    ours = Boolean(document.fullscreenEnabled && !document.fullscreenElement);
    if (ours) document.documentElement.requestFullscreen().catch(() => { ours = false; });
    go(0);
    box.focus({ preventScroll: true });
  }

  function leave() {
    if (!seen) return;
    const was = seen;
    seen = null;
    names.draw([], false);
    box.hidden = true;
    told.replaceChildren();
    document.body.classList.remove('lk-telling');
    document.documentElement.classList.remove('lk-large');
    if (ours && document.fullscreenElement) document.exitFullscreen().catch(() => {});
    Object.assign(state, { modal: false, select: was.select, marked: new Set() });
    for (const [name, on] of Object.entries(was.on)) state.toggle(name, on);
    state.show(was.layer);
    if (was.only !== null) state.goKecamatan(was.only);
    hold(was.held);
    document.body.className = was.classes;
    map.invalidateSize({ animate: false, pan: false });
    if (was.steer) state.steer.open(true);
    if (was.swipe) {
      state.swipe.start();
      const right = map.getContainer().querySelector('.lk-swipebar select');
      right.value = was.swipe;
      right.dispatchEvent(new Event('change'));
    }
    if (was.whole) goHome();
    else { map.setView(was.center, was.zoom, { animate: false }); home.shown = false; }
    if (was.focus instanceof HTMLElement && was.focus.isConnected) was.focus.focus({ preventScroll: true });
  }

  const forward = () => go(at + 1);
  const backward = () => go(at - 1);
  const keys = {
    ArrowRight: forward, ArrowDown: forward, PageDown: forward, ' ': forward, Enter: forward,
    ArrowLeft: backward, ArrowUp: backward, PageUp: backward, Backspace: backward,
    Home: () => go(0), End: () => go(steps.length - 1), Escape: leave,
    // The start button of a clicker would load the page anew.
    F5: () => {},
  };
  window.addEventListener('keydown', (event) => {
    const act = keys[event.key];
    if (!seen || !act || event.ctrlKey || event.metaKey || event.altKey) return;
    if ([' ', 'Enter'].includes(event.key) && event.target instanceof HTMLButtonElement) return;
    event.preventDefault();
    event.stopPropagation();
    if (!event.repeat) act();
  }, true);

  let from = null;
  box.addEventListener('touchstart', (event) => { from = event.touches.length === 1 ? event.touches[0] : null; }, { passive: true });
  box.addEventListener('touchend', (event) => {
    if (!from) return;
    const [x, y] = [event.changedTouches[0].clientX - from.clientX, event.changedTouches[0].clientY - from.clientY];
    if (Math.abs(x) > SWIPED && Math.abs(x) > 2 * Math.abs(y)) go(at + (x < 0 ? 1 : -1));
    from = null;
  });
  // Escape in a browser's full screen ends that alone: the story that opened it goes with it.
  document.addEventListener('fullscreenchange', () => { if (ours && !document.fullscreenElement) leave(); });
  window.addEventListener('beforeprint', leave);
  window.addEventListener('resize', () => { if (seen) fit(); });
  map.on('moveend zoomend resize', () => { if (seen) names.draw([...state.marked], null); });
  if (steps.length) state.tool({ id: 'story', symbol: icon('M3 4h18v12H3zM12 16v3M8 21l4-3 4 3M10 7l5 3-5 3z'), label: say('story.present'), key: 't', act: enter });
}

/* The names of the villages a step speaks of, each beside its village and on none of the others. */
function storyNames(map) {
  map.createPane('lk-story').style.zIndex = 660;
  map.getPane('lk-story').style.pointerEvents = 'none';
  map.createPane('lk-storylines').style.zIndex = 655;
  map.getPane('lk-storylines').style.pointerEvents = 'none';
  const group = L.layerGroup().addTo(map);
  const renderer = L.svg({ pane: 'lk-storylines', padding: 0.3 });
  let sides = false;

  function place(i, taken) {
    const node = make('span', { cls: 'lk-storyname' + (sides && data.chosen[i] ? ' lk-in' : '') }, data.names[i]);
    // Measured where it will stand: its type is the page's own.
    map.getPane('lk-story').append(node);
    const [wide, high] = [node.offsetWidth, node.offsetHeight];
    node.remove();
    const [own, frame] = [map.latLngToContainerPoint(data.at[i]), map.getSize()];
    for (const far of FAR) {
      for (const [dx, dy] of AROUND) {
        const [x, y] = [own.x + dx * far * high + Math.sign(dx) * wide / 2, own.y + dy * far * high];
        const spot = [x - wide / 2 - 3, y - high / 2 - 3, x + wide / 2 + 3, y + high / 2 + 3];
        const inside = spot[0] >= 0 && spot[1] >= 0 && spot[2] <= frame.x && spot[3] <= frame.y;
        if (!inside || taken.some((t) => spot[0] < t[2] && spot[2] > t[0] && spot[1] < t[3] && spot[3] > t[1])) continue;
        taken.push(spot);
        return { node, at: map.containerPointToLatLng([x, y]), wide, high };
      }
    }
    return null;
  }

  function draw(marked, sided) {
    group.clearLayers();
    if (sided !== null) sides = sided;
    const corner = map.getContainer().getBoundingClientRect();
    const own = marked.filter((i) => data.at[i]);
    const taken = [...map.getContainer().querySelectorAll('.leaflet-control')].map((control) => {
      const area = control.getBoundingClientRect();
      return [area.left - corner.left, area.top - corner.top, area.right - corner.left, area.bottom - corner.top];
    });
    for (const i of own) {
      const { x, y } = map.latLngToContainerPoint(data.at[i]);
      taken.push([x - 8, y - 8, x + 8, y + 8]);
    }
    for (const i of own.slice(0, map.getSize().x < SLIM ? FEW : MANY)) {
      const found = place(i, taken);
      if (!found) continue;
      L.polyline([data.at[i], found.at], { pane: 'lk-storylines', renderer, color: '#e6007e', weight: 2.5, interactive: false }).addTo(group);
      const flag = L.divIcon({ html: found.node, className: 'lk-label lk-over', iconSize: [found.wide, found.high] });
      L.marker(found.at, { icon: flag, pane: 'lk-story', interactive: false, keyboard: false }).addTo(group);
    }
  }

  return { draw };
}
