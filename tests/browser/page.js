// What a page of another origin does with a signaling server; the tests call these functions.

"use strict";

/** One call; `blocked` where the browser lets the page read nothing. */
async function call(method, url, { token, body, size, type = "application/json", mode = "cors" } = {}) {
  const headers = {};
  if (token) headers["Authorization"] = `Bearer ${token}`;
  if (body !== undefined) headers["Content-Type"] = type;
  const text = body === undefined ? undefined : JSON.stringify(body) + " ".repeat(size ?? 0);
  try {
    const answer = await fetch(url, { method, headers, body: text, mode });
    const readable = Object.fromEntries(answer.headers);
    return { status: answer.status, headers: readable, text: await answer.text() };
  } catch (error) {
    return { blocked: error.name };
  }
}

let socket;
const frames = [];
let wake = () => {};

/** Open the WebSocket and say who we are. */
function connect(url, token) {
  const hear = (frame) => {
    frames.push(frame);
    wake();
  };
  socket = new WebSocket(url);
  socket.onopen = () => socket.send(JSON.stringify({ type: "hello", token }));
  socket.onmessage = (event) => hear(JSON.parse(event.data));
  socket.onclose = (event) => hear({ type: "closed", code: event.code });
}

function send(frame) {
  socket.send(JSON.stringify(frame));
}

/** The next frame, or how the WebSocket ended. */
async function nextFrame() {
  while (frames.length === 0) await new Promise((resolve) => (wake = resolve));
  return frames.shift();
}

/** Two connections of this page that may use the relay only; what one of them hears from the other. */
async function talkThroughRelay(iceServers, text) {
  const settings = { iceServers, iceTransportPolicy: "relay" };
  const [left, right] = [new RTCPeerConnection(settings), new RTCPeerConnection(settings)];
  const kinds = new Set();
  const pass = (to) => ({ candidate }) => {
    if (!candidate || !candidate.candidate) return;
    kinds.add(candidate.type);
    to.addIceCandidate(candidate);
  };
  left.onicecandidate = pass(right);
  right.onicecandidate = pass(left);
  const heard = new Promise((resolve) => {
    right.ondatachannel = ({ channel }) => (channel.onmessage = (event) => resolve(event.data));
  });
  const channel = left.createDataChannel("events");
  channel.onopen = () => channel.send(text);
  await left.setLocalDescription();
  await right.setRemoteDescription(left.localDescription);
  await right.setLocalDescription();
  await left.setRemoteDescription(right.localDescription);
  const answer = { heard: await heard, kinds: [...kinds] };
  left.close();
  right.close();
  return answer;
}

let link;
let made;
let opened;
const hidden = [];

/** A connection with the channels of a link; its candidates are kept, and told to nobody. */
function newLink(channels) {
  link = new RTCPeerConnection();
  link.onicecandidate = ({ candidate }) => candidate && hidden.push(candidate.candidate);
  made = channels.map(([id, label]) => link.createDataChannel(label, { negotiated: true, id }));
  opened = Promise.all(made.map((channel) => new Promise((resolve) => (channel.onopen = resolve))));
}

async function offerLink(channels) {
  newLink(channels);
  await link.setLocalDescription();
  return link.localDescription.sdp;
}

async function answerLink(channels, offer) {
  newLink(channels);
  await link.setRemoteDescription({ type: "offer", sdp: offer });
  await link.setLocalDescription();
  return link.localDescription.sdp;
}

async function takeAnswer(answer) {
  await link.setRemoteDescription({ type: "answer", sdp: answer });
}

/** Once it is open: the candidates that the page has found. */
async function openLink() {
  await opened;
  return hidden;
}

/** Send so many numbered messages on the first channel, and hear as many; whether all came, in order. */
async function swap(count, size) {
  const channel = made[0];
  channel.binaryType = "arraybuffer";
  channel.bufferedAmountLowThreshold = 2 ** 18;
  let next = 0;
  let ordered = true;
  const heard = new Promise((resolve) => {
    channel.onmessage = ({ data }) => {
      ordered &&= data.byteLength === size && new DataView(data).getUint32(0) === next;
      next += 1;
      if (next === count) resolve();
    };
  });
  for (let number = 0; number < count; number += 1) {
    const message = new ArrayBuffer(size);
    new DataView(message).setUint32(0, number);
    channel.send(message);
    if (channel.bufferedAmount > 2 ** 20) await new Promise((resolve) => (channel.onbufferedamountlow = resolve));
  }
  await heard;
  return ordered;
}
