// The chat page. What was said is kept on this device; the conversation's id works like a key.
// Written for browsers of 2018: no optional chaining, no newer library functions.
const STORE = "motcua-chat", KEEP = 200, LIMIT = 2000;
const ATTEMPTS = 6, POST_MS = 15000, LOST_MS = 2000, QUIET_MS = 20000, GIVE_UP_MS = 180000;
const $ = (id) => document.getElementById(id);
const words = $("words").dataset;
const log = $("log"), input = $("text"), main = document.querySelector("main");

const set = (element, name, value) => element.setAttribute(name, value);
const newId = () =>
	Array.from(crypto.getRandomValues(new Uint8Array(16)), (b) => b.toString(16).padStart(2, "0")).join("");
const jitter = (ms) => ms * (0.7 + Math.random() * 0.6);

// == what is kept
// An own message: {id, text, button, at, status}; of a photo only that there was one: {photo: true}. A received one: {seq, to, kind, text, buttons, last, at}.
const key = (item) => item.seq || item.id;
const rows = new Map();
let chat = read() || { conversation: newId(), items: [] };

function read() {
	try {
		const kept = JSON.parse(localStorage.getItem(STORE));
		return kept && /^[0-9a-f]{32}$/.test(kept.conversation) && Array.isArray(kept.items) ? kept : null;
	} catch {
		return null;
	}
}
function save() {
	const kept = read();
	// Another tab may have added to the same conversation since.
	if (kept && kept.conversation === chat.conversation) kept.items.forEach(add);
	chat.items = chat.items.slice(-KEEP);
	try {
		localStorage.setItem(STORE, JSON.stringify(chat));
	} catch { /* no storage: it works until it is closed */ }
}
function add(item) {
	if (rows.has(key(item))) return null;
	chat.items.push(item);
	return show(item);
}
const lastSeen = () => chat.items.reduce((last, item) => Math.max(last, item.seq || 0), 0);
const isAnswered = (id) => chat.items.some((item) => item.to === id && item.last);

// == text to elements: text nodes only, never markup
function make(tag, name, text) {
	const element = document.createElement(tag);
	if (name) element.className = name;
	if (text !== undefined) element.textContent = text;
	return element;
}
function button(label, name, press) {
	const element = make("button", name, label);
	element.onclick = () => press(element);
	return element;
}
function write(parent, text) {
	const address = /https?:\/\/[^\s<>"]*[^\s<>".,;:!?)\]}»”]/g;
	let done = 0, match;
	while ((match = address.exec(text))) {
		parent.append(text.slice(done, match.index));
		const link = make("a", "", match[0]);
		link.href = match[0];
		link.rel = "noopener noreferrer";
		link.target = "_blank";
		parent.append(link);
		done = address.lastIndex;
	}
	parent.append(text.slice(done));
}
function lineName(lines, n, begins) {
	const line = lines[n];
	if (/^⚠/.test(line)) return "alert";
	if (/^(Nguồn|Sources?\b)/.test(line)) return "source";
	if (begins && /^\[.*\]$/.test(line)) return "mark";
	if (begins && lines.length > 2 && !/[.!?…:]$/.test(line)) return "title";
	return /:$/.test(line) && /^\s*(- |\d+\. )/.test(lines[n + 1] || "") ? "lead" : "";
}
// What is set back belongs to the item.
function belongTo(item, line) {
	const last = item.lastElementChild, inner = /^• (.*)$/.exec(line);
	if (!inner) return item.append(make("p", "", line));
	const list = last && last.tagName === "UL" ? last : make("ul", "");
	item.append(list);
	list.append(make("li", "", inner[1]));
}
function format(bubble, text) {
	const lines = text.split("\n").filter((line) => line.trim());
	let list = null, inSource = false, begins = true;
	lines.forEach((raw, n) => {
		const line = raw.trim();
		if (list && /^\s/.test(raw) && !/^(-|\d+\.) /.test(line)) return belongTo(list.lastElementChild, line);
		const item = /^(?:-|(\d+)\.) (.*)$/.exec(line), tag = item && (item[1] ? "OL" : "UL");
		const name = lineName(lines, n, begins || (inSource && !item));
		inSource = name === "source" || (inSource && !!item);
		begins = name === "mark";
		if (!item) list = null;
		else if (!list || list.tagName !== tag) {
			list = make(tag, inSource ? "source" : "");
			if (item[1]) list.start = item[1];
			bubble.append(list);
		}
		const element = make(item ? "li" : "p", item ? "" : name);
		write(element, item ? item[2] : line);
		(list || bubble).append(element);
	});
}
function moment(at) {
	const date = new Date(at), two = (n) => String(n).padStart(2, "0");
	const today = date.toDateString() === new Date().toDateString();
	const day = today ? "" : `${two(date.getDate())}/${two(date.getMonth() + 1)} `;
	const time = make("time", "", `${day}${two(date.getHours())}:${two(date.getMinutes())}`);
	time.dateTime = date.toISOString();
	return time;
}

// == rows of the conversation
function show(item) {
	const row = item.status ? mine(item) : reply(item), old = rows.get(key(item));
	rows.set(key(item), row);
	if (old) old.replaceWith(row);
	else log.append(row);
	return row;
}
function mine(item) {
	const row = make("div", "mine");
	row.append(make("span", "unseen", words.you + ": "), make("div", "bubble", item.text), progress(item));
	return row;
}
function progress(item) {
	const meta = make("div", "meta");
	// Read when looked for; a failure is announced by itself.
	set(meta, "aria-live", "off");
	meta.append(moment(item.at), make("span", "status " + item.status, words[item.status]));
	if (item.status === "failed") meta.append(button(words.retry, "", resend));
	return meta;
}
function reply(item) {
	const row = make("div", item.kind === "notice" ? "notice" : "reply"), meta = make("div", "meta");
	const bubble = make("div", "bubble");
	format(bubble, item.text);
	row.append(make("span", "unseen", words.bot + ": "), bubble);
	if (item.buttons && item.buttons.length) row.append(choices(item));
	meta.append(moment(item.at));
	if (item.last) meta.append(button(words.copy, "", (me) => copy(item, me)), button(words.print, "", () => print(item)));
	row.append(meta);
	return row;
}
function choices(item) {
	const box = make("div", "choices");
	item.buttons.forEach((choice) => {
		const element = button(choice.label, item.taken === choice.key ? "taken" : "", (me) => choose(item, choice, me));
		// Not `disabled`: the keyboard's place would be lost.
		if (item.taken) set(element, "aria-disabled", "true");
		box.append(element);
	});
	return box;
}
function choose(item, choice, me) {
	if (item.taken) return;
	item.taken = choice.key;
	for (const each of me.parentElement.children) set(each, "aria-disabled", "true");
	me.className = "taken";
	say(choice.label, choice.key);
}
const partsOf = (item) =>
	item.to ? chat.items.filter((other) => other.to === item.to && other.kind !== "notice") : [item];
function copy(item, me) {
	const text = partsOf(item).map((part) => part.text).join("\n\n");
	// The newer clipboard interface is missing on plain http and in some apps' browsers.
	const area = make("textarea", "unseen");
	area.value = text;
	document.body.append(area);
	area.select();
	const done = document.execCommand("copy");
	area.remove();
	me.focus();
	announce(me.textContent = done ? words.copied : words.uncopied);
	setTimeout(() => { me.textContent = words.copy; }, 2500);
}
// Prints one question and its answer.
function print(item) {
	endPrint();
	partsOf(item).map(key).concat(item.to).forEach((id) => rows.has(id) && rows.get(id).classList.add("chosen"));
	document.body.classList.add("one");
	window.print();
}
function endPrint() {
	document.body.classList.remove("one");
	log.querySelectorAll(".chosen").forEach((row) => row.classList.remove("chosen"));
}
function announce(text) {
	$("spoken").textContent = "";
	setTimeout(() => { $("spoken").textContent = text; }, 50);
}

// == scrolling
// On low screens the whole page scrolls instead of the conversation.
const scroller = () => (getComputedStyle(main).overflowY === "auto" ? main : document.scrollingElement);
function isAtEnd() {
	const box = scroller();
	return box.scrollHeight - box.scrollTop - box.clientHeight < 100;
}
let stays = true;
function toEnd() {
	const box = scroller();
	box.scrollTop = box.scrollHeight;
	$("newer").hidden = true;
}
function scrolled() {
	stays = isAtEnd();
	if (stays) $("newer").hidden = true;
}

// == sending: one after the other, so that order of writing is order of arrival
const outbox = [];
let sending = false, wake = null;

// Photos wait in memory only: they are kept nowhere.
const photos = new Map(), PHOTO_BYTES = 8388608, PHOTO_MS = 90000;
function sendPhoto() {
	const file = $("photo").files[0];
	$("photo").value = "";
	if (!file) return;
	if (file.size > PHOTO_BYTES) return notice(words.heavy);
	const item = { id: newId(), text: words.photo, at: Date.now(), status: "sending", photo: true };
	photos.set(item.id, file);
	begins(item);
	input.focus();
}
function begins(item) {
	endStarters();
	add(item);
	toEnd();
	post(item);
}
function formOf(id, conversation) {
	const form = new FormData(), fields = { id, conversation, photo: photos.get(id) };
	for (const name in fields) form.append(name, fields[name]);
	return form;
}

function say(text, choice) {
	const before = chat.items[chat.items.length - 1];
	// A double click is one message.
	if (before && before.status && before.text === text && Date.now() - before.at < 1000) return;
	const item = { id: newId(), text, at: Date.now(), status: "sending" };
	if (choice) item.button = choice;
	begins(item);
}
function mark(item, status) {
	item.status = status;
	rows.get(item.id).lastChild.replaceWith(progress(item));
	save();
}
function post(item) {
	mark(item, "sending");
	if (!outbox.includes(item)) outbox.push(item);
	if (!sending) pump();
}
function resend() {
	chat.items.filter((item) => item.status === "failed").forEach(post);
	log.focus();
}
async function pump() {
	sending = true;
	while (outbox.length) {
		const item = outbox[0], conversation = chat.conversation;
		const status = await deliver(item, conversation);
		if (conversation !== chat.conversation) continue;
		outbox.shift();
		mark(item, status);
		if (status === "sent" && !isAnswered(item.id)) wait(item.id);
		// What comes later makes little sense without what came before.
		if (status === "failed") {
			outbox.splice(0).forEach((later) => mark(later, status));
			announce(words.unsent);
		}
	}
	sending = false;
}
async function deliver(item, conversation) {
	// After a reload a photo that was not sent is gone.
	if (item.photo && !photos.has(item.id)) return "refused";
	const body = item.photo ? formOf(item.id, conversation)
		: JSON.stringify({ id: item.id, conversation, text: item.text, button: item.button });
	for (let attempt = 0, told = false; attempt < ATTEMPTS;) {
		const answer = await request(body);
		if (conversation !== chat.conversation) return "";
		if (answer.status === 202) {
			photos.delete(item.id);
			return "sent";
		}
		if (answer.error && answer.status < 500) {
			if (!told) notice(answer.error.message);
			if (answer.status !== 429) return "refused";
			if (answer.later > 60) return "failed";
			told = true;
		}
		// The same id is sent again: the server knows repetitions. Without a network it waits for one.
		const away = navigator.onLine === false;
		if (!away) attempt++;
		if (attempt < ATTEMPTS) await rest(Math.max(answer.later * 1000, away ? 5000 : jitter(200 << attempt)), !answer.later);
	}
	return "failed";
}
async function request(body) {
	const isText = typeof body === "string";
	const limit = new AbortController(), timer = setTimeout(() => limit.abort(), isText ? POST_MS : PHOTO_MS);
	try {
		const answer = await fetch(isText ? "/api/chat" : "/api/photo", {
			method: "POST", body, headers: isText ? { "Content-Type": "application/json" } : {}, signal: limit.signal,
		});
		const content = await answer.json().catch(() => ({}));
		return { status: answer.status, error: content.error, later: Number(answer.headers.get("Retry-After")) || 0 };
	} catch {
		return { status: 0, later: 0 };
	} finally {
		clearTimeout(timer);
	}
}
function rest(ms, mayEndEarly) {
	return new Promise((done) => {
		wake = mayEndEarly ? done : null;
		setTimeout(done, ms);
	});
}
function notice(text) {
	add({ id: newId(), kind: "notice", text, at: Date.now() });
	save();
	toEnd();
}

// == waiting for answers
const waiting = new Map();
let heard = Date.now();

function wait(id) {
	if (!waiting.size) announce($("typing").textContent);
	if (!waiting.has(id)) waiting.set(id, Date.now());
	const follow = isAtEnd();
	$("typing").hidden = false;
	if (follow) toEnd();
}
function endWait(id) {
	waiting.delete(id);
	$("typing").hidden = waiting.size === 0;
}
// A stream can be dead without an error: ask again for what is missing.
function watch() {
	waiting.forEach((since, id) => { if (Date.now() - since > GIVE_UP_MS) endWait(id); });
	if (waiting.size && Date.now() - heard > QUIET_MS) listen();
}

// == receiving
let source = null, pause = 1000, again = 0, lost = 0, isLost = false, hiddenAt = 0, greeting = false;

function listen() {
	if (source) source.close();
	clearTimeout(again);
	heard = Date.now();
	source = new EventSource(`/api/chat?conversation=${chat.conversation}&after=${lastSeen()}`);
	source.onopen = connected;
	source.onerror = disconnected;
	source.addEventListener("message", (event) => receive(Number(event.lastEventId), JSON.parse(event.data)));
	source.addEventListener("typing", (event) => {
		heard = Date.now();
		const id = JSON.parse(event.data).in_reply_to;
		if (!isAnswered(id)) wait(id);
	});
}
function connected() {
	pause = 1000;
	clearTimeout(lost);
	isLost = false;
	if (wake) wake();
	if ($("state").textContent) {
		tell(words.back);
		lost = setTimeout(tell, 2500, "");
	}
	if (!chat.items.length && !$("starters")) welcome();
}
function tell(text) {
	$("state").textContent = text;
	if (stays) toEnd();
}
function disconnected() {
	// Proxies close quiet streams: short breaks are not worth a word.
	if (!isLost) {
		isLost = true;
		clearTimeout(lost);
		lost = setTimeout(tell, LOST_MS, words.lost);
	}
	if (source.readyState !== EventSource.CLOSED) return;
	clearTimeout(again);
	again = setTimeout(listen, jitter(pause));
	pause = Math.min(pause * 2, 15000);
}
function receive(seq, part) {
	heard = Date.now();
	const follow = isAtEnd();
	const goesOn = chat.items.some((item) => item.to && item.to === part.in_reply_to && item.kind === part.kind);
	const row = add({
		seq, to: part.in_reply_to, kind: part.kind, text: part.text, buttons: part.buttons, last: part.last, at: Date.now(),
	});
	if (part.last) endWait(part.in_reply_to);
	if (!row) return;
	save();
	// Who reads elsewhere is not moved; a long answer is read from its beginning.
	if (follow && !goesOn) row.scrollIntoView({ block: "nearest" });
	$("newer").hidden = isAtEnd() || (follow && !goesOn);
}
async function welcome() {
	if (greeting) return;
	greeting = true;
	try {
		const hello = await (await fetch("/api/welcome")).json();
		if (chat.items.length || $("starters")) return;
		const row = reply({ text: hello.greeting, at: Date.now() }), box = make("div", "choices");
		hello.suggestions.forEach((each) => box.append(button(each.label, "", () => say(each.text))));
		row.id = "starters";
		row.classList.add("greeting");
		row.lastChild.replaceWith(box);
		log.append(row);
	} catch { /* tried again when the stream opens */ } finally {
		greeting = false;
	}
}
function endStarters() {
	const row = $("starters");
	if (!row) return;
	row.removeAttribute("id");
	if (row.contains(document.activeElement)) log.focus();
	row.lastChild.remove();
}

// == the text box
const typed = () => input.value.normalize("NFC").trim();
let spell = 0;
function grow() {
	input.style.height = "";
	if (input.value) input.style.height = input.scrollHeight + "px";
	const left = LIMIT - typed().length, count = $("count");
	const text = (left < 0 ? words.over : words.left).replace("{n}", Math.abs(left));
	count.hidden = left > 200;
	count.textContent = text;
	count.className = left < 0 ? "over" : "";
	set(input, "aria-invalid", String(left < 0));
	clearTimeout(spell);
	if (left <= 200) spell = setTimeout(() => announce(text), 1000);
}
function send(event) {
	event.preventDefault();
	const text = typed();
	if (!text || text.length > LIMIT) return input.focus();
	input.value = "";
	grow();
	say(text);
	// On a phone the keyboard would cover the answer.
	if (matchMedia("(pointer: coarse)").matches) input.blur();
	else input.focus();
}

// == a new conversation
function begin(next) {
	chat = next;
	outbox.length = 0;
	waiting.clear();
	rows.clear();
	log.textContent = "";
	$("typing").hidden = $("newer").hidden = true;
	if (wake) wake();
	restore();
}
function restore() {
	// What was there before is not read out again.
	if (chat.items.length) set(log, "aria-live", "off");
	setTimeout(() => set(log, "aria-live", "polite"), 500);
	chat.items.forEach(show);
	save();
	chat.items.slice().forEach((item) => {
		if (item.status === "sending") post(item);
		if (item.status === "sent" && !isAnswered(item.id) && Date.now() - item.at < GIVE_UP_MS) wait(item.id);
	});
	listen();
	if (chat.items.length) toEnd();
	else welcome();
}
// Another tab of this browser may show the same conversation, or have begun a new one.
function meet() {
	const kept = read();
	if (!kept) return;
	if (kept.conversation !== chat.conversation) begin(kept);
	else kept.items.forEach((item) => {
		const known = chat.items.find((other) => key(other) === key(item));
		if (!known) add(item);
		else if (!outbox.includes(known) && (known.status !== item.status || known.taken !== item.taken)) {
			show(Object.assign(known, item));
		}
	});
}
// The page was away: asleep in the background, or without a network.
function back() {
	meet();
	if (wake) wake();
	listen();
}
function ask(open) {
	$("sure").hidden = !open;
	(open ? $("sure-no") : $("fresh")).focus();
}

$("ask").addEventListener("submit", send);
input.addEventListener("input", grow);
input.addEventListener("keydown", (event) => {
	// 229: a key that an input method is still using.
	if (event.key === "Enter" && !event.shiftKey && !event.isComposing && event.keyCode !== 229) send(event);
});
$("camera").onclick = () => $("photo").click();
$("photo").onchange = sendPhoto;
$("person").onclick = () => say($("person").textContent);
$("newer").onclick = toEnd;
$("fresh").onclick = () => (chat.items.length ? ask(true) : input.focus());
$("sure-no").onclick = () => ask(false);
$("sure-yes").onclick = () => {
	ask(false);
	begin({ conversation: newId(), items: [] });
	input.focus();
};
$("sure").onkeydown = (event) => { if (event.key === "Escape") ask(false); };
addEventListener("scroll", scrolled, true);
addEventListener("resize", () => { if (stays) toEnd(); });
addEventListener("offline", disconnected);
addEventListener("online", back);
addEventListener("afterprint", endPrint);
addEventListener("storage", (event) => { if (event.key === STORE) meet(); });
addEventListener("pageshow", (event) => { if (event.persisted) back(); });
document.addEventListener("visibilitychange", () => {
	if (document.hidden) hiddenAt = Date.now();
	else if (Date.now() - hiddenAt > QUIET_MS) back();
});
setInterval(watch, 5000);
grow();
restore();
