"use strict";
// The reference of the GraphQL schema: pieces of HTML of this host, asked for with the reader's key.

let token = "";
const place = document.getElementById("reference");
const status = document.getElementById("status");

async function piece(path) {
  const answer = await fetch(path, { headers: { authorization: `Bearer ${token}`, accept: "text/html" } });
  if (!answer.ok) {
    const found = await answer.json().catch(() => ({}));
    throw new Error((found.error || {}).message || `Status ${answer.status}`);
  }
  return answer.text();
}

async function show() {
  if (!token) return;
  const name = location.hash.slice(1);
  try {
    place.innerHTML = await piece(`/developers/graphql/types${name ? `/${encodeURIComponent(name)}` : ""}`);
    status.textContent = "";
    window.scrollTo(0, 0);
  } catch (error) {
    status.textContent = error.message;
  }
}

document.getElementById("account").addEventListener("submit", (event) => {
  event.preventDefault();
  const field = document.getElementById("token");
  token = field.value.trim();
  field.value = "";
  show();
});
window.addEventListener("hashchange", show);
