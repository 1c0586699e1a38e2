"use strict";
// The chat page. Messages are kept on this device; the conversation's id works like a key.
(() => {
  const $ = (id) => document.getElementById(id);
  const words = $("words").dataset;
  const log = $("log"), input = $("text"), typing = $("typing"), state = $("state");
  const hex = (bytes) =>
    [...crypto.getRandomValues(new Uint8Array(bytes))].map((b) => b.toString(16).padStart(2, "0")).join("");
  const STORE = "motcua";
  let saved = load();
  let queue = Promise.resolve();
  let source = null, pause = 1000;
  const waiting = new Set();

  function load() {
    try {
      const kept = JSON.parse(localStorage.getItem(STORE));
      if (kept && /^[0-9a-f]{32}$/.test(kept.conversation)) return kept;
    } catch { /* nothing usable is kept */ }
    return { conversation: hex(16), last: 0, items: [] };
  }
  function save() {
    saved.items = saved.items.slice(-200);
    try { localStorage.setItem(STORE, JSON.stringify(saved)); } catch { /* private mode */ }
  }
  function make(tag, name, text) {
    const element = document.createElement(tag);
    if (name) element.className = name;
    if (text !== undefined) element.textContent = text;
    return element;
  }
  const clock = (at) => new Date(at).toLocaleTimeString("vi-VN", { hour: "2-digit", minute: "2-digit" });

  // Text with links; never markup.
  function write(parent, text) {
    let rest = 0;
    for (const match of text.matchAll(/https?:\/\/[^\s<>"]+[^\s<>".,;:!?)]/g)) {
      parent.append(text.slice(rest, match.index));
      const link = make("a", "", match[0]);
      link.href = match[0]; link.rel = "noopener noreferrer"; link.target = "_blank";
      parent.append(link);
      rest = match.index + match[0].length;
    }
    parent.append(text.slice(rest));
  }
  function paragraph(bubble, text, first) {
    const name = /^⚠/.test(text) ? "alert" : /^Nguồn/.test(text) ? "source" : first ? "title" : "";
    const p = make("p", name);
    write(p, text);
    bubble.append(p);
  }
  function format(bubble, text) {
    let list = null, kind = "";
    const lines = text.split("\n");
    lines.forEach((line, number) => {
      const item = /^(- |\d+\. )(.*)$/.exec(line);
      if (item) {
        const tag = item[1] === "- " ? "ul" : "ol";
        if (!list || kind !== tag) {
          list = make(tag);
          if (tag === "ol") list.start = parseInt(item[1], 10);
          kind = tag;
          bubble.append(list);
        }
        const entry = make("li");
        write(entry, item[2]);
        list.append(entry);
      } else if (line.trim()) {
        list = null;
        paragraph(bubble, line, number === 0 && lines.length > 3);
      }
    });
  }
  function toEnd(element) {
    if (element) element.scrollIntoView({ block: "nearest" });
    else log.parentElement.scrollTop = log.parentElement.scrollHeight;
  }

  function showMine(item) {
    const row = make("li", "mine");
    row.append(make("span", "hidden", words.you + ": "), make("div", "bubble", item.text));
    const meta = make("div", "meta");
    meta.append(make("time", "", clock(item.at)), make("span", "status"));
    row.append(meta);
    log.append(row);
    item.row = row;
    mark(item, item.status);
    return row;
  }
  function mark(item, status) {
    item.status = status;
    const meta = item.row.querySelector(".meta");
    meta.querySelector(".status").textContent = words[status];
    meta.querySelector("button")?.remove();
    if (status === "failed") {
      const again = make("button", "", words.retry);
      again.type = "button";
      again.onclick = () => post(item);
      meta.append(again);
    }
    store();
  }
  function store() {
    saved.items.forEach((item, i) => { saved.items[i] = item; });
    const rows = saved.items.map(({ row, ...plain }) => plain);
    const kept = saved.items;
    saved.items = rows;
    save();
    saved.items = kept.slice(-200);
  }
  function showReply(item) {
    const row = make("li", item.kind === "notice" ? "notice" : "reply");
    const bubble = make("div", "bubble");
    format(bubble, item.text);
    row.append(make("span", "hidden", words.bot + ": "), bubble);
    if (item.buttons.length) row.append(choices(item));
    const meta = make("div", "meta");
    meta.append(make("time", "", clock(item.at)));
    if (item.kind === "answer") meta.append(copier(item.text), printer(row));
    row.append(meta);
    log.append(row);
    item.row = row;
    return row;
  }
  function choices(item) {
    const box = make("div", "choices");
    for (const button of item.buttons) {
      const choice = make("button", item.taken === button.key ? "taken" : "", button.label);
      choice.type = "button";
      choice.disabled = Boolean(item.taken);
      choice.onclick = () => {
        item.taken = button.key;
        for (const other of box.children) other.disabled = true;
        choice.className = "taken";
        say(button.label, button.key);
        input.focus();
      };
      box.append(choice);
    }
    return box;
  }
  function copier(text) {
    const copy = make("button", "", words.copy);
    copy.type = "button";
    copy.onclick = async () => { await navigator.clipboard.writeText(text); copy.textContent = words.copied; };
    return copy;
  }
  function printer(row) {
    const print = make("button", "", words.print);
    print.type = "button";
    print.onclick = () => {
      document.body.classList.add("one"); row.classList.add("print");
      window.print();
      document.body.classList.remove("one"); row.classList.remove("print");
    };
    return print;
  }

  function say(text, button) {
    // Kept with the message: it must not reach a conversation that is begun while it waits.
    const conversation = saved.conversation;
    const item = { mine: true, id: hex(16), conversation, text, button, at: Date.now(), status: "sending" };
    saved.items.push(item);
    toEnd(showMine(item));
    endStarters();
    post(item);
  }
  function endStarters() {
    const greeting = $("starters");
    greeting?.querySelector(".choices")?.remove();
    greeting?.removeAttribute("id");
  }
  // One after the other, so that the order of writing is the order of arrival.
  function post(item) {
    mark(item, "sending");
    queue = queue.then(() => deliver(item));
  }
  async function deliver(item) {
    const body = { id: item.id, conversation: item.conversation, text: item.text };
    if (item.button) body.button = item.button;
    for (let attempt = 0; attempt < 5; attempt++) {
      try {
        const answer = await fetch("/api/chat", {
          method: "POST",
          headers: { "Content-Type": "application/json" },
          body: JSON.stringify(body),
        });
        if (answer.status === 202) {
          mark(item, "sent");
          if (!saved.items.some((other) => other.to === item.id && other.last)) wait(item.id);
          return;
        }
        if (answer.status < 500 && answer.status !== 429) {
          const problem = await answer.json().catch(() => null);
          if (problem?.error) tell(problem.error.message);
          break;
        }
      } catch { /* the network is away; the same id is sent again */ }
      await new Promise((done) => setTimeout(done, (400 << attempt) * (0.7 + Math.random() * 0.6)));
    }
    mark(item, "failed");
  }
  function wait(id) {
    waiting.add(id);
    typing.hidden = false;
    toEnd(typing);
  }
  function done(id) {
    waiting.delete(id);
    typing.hidden = waiting.size === 0;
  }
  function tell(text) {
    const item = { kind: "notice", text, buttons: [], at: Date.now() };
    saved.items.push(item);
    toEnd(showReply(item));
    store();
  }

  function listen() {
    source?.close();
    source = new EventSource(`/api/chat?conversation=${saved.conversation}&after=${saved.last}`);
    source.onopen = () => { pause = 1000; state.hidden = true; };
    source.addEventListener("message", (event) => {
      const number = Number(event.lastEventId);
      if (number <= saved.last) return;
      saved.last = number;
      const part = JSON.parse(event.data);
      const item = {
        kind: part.kind, text: part.text, buttons: part.buttons, to: part.in_reply_to, last: part.last, at: Date.now(),
      };
      saved.items.push(item);
      const row = showReply(item);
      store();
      if (part.last) done(part.in_reply_to);
      toEnd(row);
    });
    source.addEventListener("typing", (event) => {
      const id = JSON.parse(event.data).in_reply_to;
      if (!saved.items.some((item) => item.to === id && item.last)) wait(id);
    });
    source.onerror = () => {
      state.textContent = words.lost;
      state.hidden = false;
      if (source.readyState === EventSource.CLOSED) {
        setTimeout(listen, pause * (0.7 + Math.random() * 0.6));
        pause = Math.min(pause * 2, 15000);
      }
    };
  }

  async function welcome() {
    try {
      const hello = await (await fetch("/api/welcome")).json();
      const row = showReply({ kind: "notice", text: hello.greeting, buttons: [], at: Date.now() });
      row.className = "reply";
      row.id = "starters";
      const box = make("div", "choices");
      for (const suggestion of hello.suggestions) {
        const choice = make("button", "", suggestion.label);
        choice.type = "button";
        choice.onclick = () => say(suggestion.text);
        box.append(choice);
      }
      row.append(box);
    } catch { /* the page works without a greeting */ }
  }
  function grow() {
    input.style.height = "auto";
    input.style.height = input.scrollHeight + "px";
    const left = input.maxLength - input.value.length;
    $("count").hidden = left > 200;
    $("count").textContent = words.left.replace("{n}", left);
  }
  function send(event) {
    event?.preventDefault();
    const text = input.value.trim();
    if (!text) return;
    input.value = "";
    grow();
    say(text);
    input.focus();
  }

  $("ask").addEventListener("submit", send);
  input.addEventListener("input", grow);
  input.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) send(event);
  });
  $("person").onclick = () => say($("person").textContent);
  $("fresh").onclick = () => {
    if (saved.items.length && !confirm(words.sure)) return;
    localStorage.removeItem(STORE);
    saved = load();
    save();
    log.replaceChildren();
    waiting.clear();
    typing.hidden = true;
    listen();
    welcome();
  };
  addEventListener("online", listen);
  save();
  for (const item of saved.items) item.mine ? showMine(item) : showReply(item);
  for (const item of saved.items.filter((each) => each.mine && each.status === "sending")) post(item);
  listen();
  if (!saved.items.length) welcome();
  else toEnd();
})();
