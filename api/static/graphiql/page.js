"use strict";
// GraphiQL against this host: a bar to log in with, and a client of graphql-transport-ws for subscriptions.
// Tokens are kept in the memory of the page and nowhere else.

const endpoint = "/graphql";
const account = { token: "", refreshToken: "", name: "" };
const element = (id) => document.getElementById(id);

// Style elements that the dialogs of GraphiQL add carry the nonce of the page's Content-Security-Policy.
window.__webpack_nonce__ = document.querySelector("meta[name=style-nonce]").content;

// --- who asks -------------------------------------------------------------------------------------------------------

async function post(path, body) {
  const answer = await fetch(path, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  const found = await answer.json().catch(() => ({}));
  if (!answer.ok) {
    const error = found.error || (found.errors || [])[0] || {};
    throw new Error(error.message || `Status ${answer.status}`);
  }
  return found;
}

function become(tokens, name) {
  account.token = tokens.access_token || "";
  account.refreshToken = tokens.refresh_token || "";
  account.name = name;
  say(account.token ? `Asking as ${name}` : "Asking as a visitor");
  element("log-out").hidden = !account.token;
  show();
}

function say(text, problem = false) {
  const status = element("status");
  status.textContent = text;
  status.className = problem ? "problem" : "";
}

async function logIn(event) {
  event.preventDefault();
  const [email, password, code] = ["email", "password", "code"].map((id) => element(id).value.trim());
  try {
    const tokens = await post("/auth/login", { email, password, ...(code ? { totp: code } : {}) });
    element("password").value = element("code").value = "";
    become(tokens, email);
  } catch (error) {
    say(error.message, true);
  }
}

function useToken(event) {
  event.preventDefault();
  const token = element("token").value.trim();
  element("token").value = "";
  become({ access_token: token }, "the bearer of a token");
}

// Access tokens live for minutes: one that has expired is exchanged once, and the request repeated.
async function authorized(address, init = {}) {
  const send = () => {
    const headers = { ...init.headers };
    if (account.token && !Object.keys(headers).some((name) => name.toLowerCase() === "authorization")) {
      headers.authorization = `Bearer ${account.token}`;
    }
    return fetch(address, { ...init, headers });
  };
  const asked = account.token;
  const answer = await send();
  if (answer.status !== 401 || !account.refreshToken) return answer;
  if (asked === account.token) {
    refreshing = refreshing || refresh().finally(() => (refreshing = null));
  }
  return (await refreshing) === false ? answer : send();
}

let refreshing = null; // a refresh token works once: requests that fail together wait for one exchange

async function refresh() {
  try {
    const tokens = await post("/auth/refresh", { refresh_token: account.refreshToken });
    account.token = tokens.access_token;
    account.refreshToken = tokens.refresh_token;
    return true;
  } catch {
    become({}, "");
    return false;
  }
}

// --- subscriptions: https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md -----------------------------------

const sockets = {
  subscribe(payload, sink) {
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    const socket = new WebSocket(`${scheme}://${location.host}${endpoint}`, "graphql-transport-ws");
    const send = (message) => socket.readyState === WebSocket.OPEN && socket.send(JSON.stringify(message));
    const id = "1";
    let over = false;
    const end = (call, value) => {
      if (over) return;
      over = true;
      call.call(sink, value);
      socket.close(1000);
    };
    const answers = {
      connection_ack: () => send({ id, type: "subscribe", payload }),
      ping: () => send({ type: "pong" }),
      next: (message) => sink.next(message.payload),
      error: (message) => end(sink.error, message.payload),
      complete: () => end(sink.complete),
    };
    socket.onopen = () =>
      send({ type: "connection_init", payload: account.token ? { authorization: `Bearer ${account.token}` } : {} });
    socket.onmessage = (event) => {
      const message = JSON.parse(event.data);
      if (!over && answers[message.type]) answers[message.type](message);
    };
    socket.onclose = (event) => end(sink.error, new Error(event.reason || `Closed with code ${event.code}`));
    return () => {
      over = true;
      send({ id, type: "complete" });
      socket.close(1000);
    };
  },
};

// --- the page -------------------------------------------------------------------------------------------------------

const fetcher = GraphiQL.createFetcher({ url: endpoint, fetch: authorized, wsClient: sockets });
const root = ReactDOM.createRoot(element("graphiql"));
let shown = 0;

function show() {
  root.render(
    React.createElement(GraphiQL, {
      key: ++shown, // who asks has changed, and so has the schema that may be read
      fetcher,
      defaultQuery: "{\n  __typename\n}\n",
      shouldPersistHeaders: false,
      isHeadersEditorEnabled: true,
    }),
  );
}

element("log-in-form").addEventListener("submit", logIn);
element("token-form").addEventListener("submit", useToken);
element("log-out").addEventListener("click", () => become({}, ""));
become({}, "");
