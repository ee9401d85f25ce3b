'use strict';
// Prompts as mu-law 8 kHz, made by espeak-ng; and a voice detector by energy. Nothing here comes from Callwright.

const { execFileSync } = require('node:child_process');

const BIAS = 0x84;
const CLIP = 32635;

function encodeSample(sample) {
  const sign = sample < 0 ? 0x80 : 0;
  let magnitude = Math.min(Math.abs(sample), CLIP) + BIAS;
  let exponent = 7;
  for (let mask = 0x4000; (magnitude & mask) === 0 && exponent > 0; mask >>= 1) exponent--;
  const mantissa = (magnitude >> (exponent + 3)) & 0x0f;
  return ~(sign | (exponent << 4) | mantissa) & 0xff;
}

const decodeTable = Int16Array.from({ length: 256 }, (_, code) => {
  const u = ~code & 0xff;
  const value = (((u & 0x0f) << 3) + BIAS) << ((u & 0x70) >> 4);
  return u & 0x80 ? BIAS - value : value - BIAS;
});

// The samples of a 16-bit mono WAV file: the chunk "data", wherever it stands.
function readWav(bytes) {
  const rate = bytes.readUInt32LE(24);
  let at = 12;
  while (bytes.toString('latin1', at, at + 4) !== 'data') at += 8 + bytes.readUInt32LE(at + 4);
  const end = Math.min(bytes.length, at + 8 + bytes.readUInt32LE(at + 4));
  const pcm = new Int16Array((end - at - 8) >> 1);
  for (let i = 0; i < pcm.length; i++) pcm[i] = bytes.readInt16LE(at + 8 + 2 * i);
  return { rate, pcm };
}

// Average over each output sample's span: a plain low-pass, good enough for a telephone.
function toUlaw({ rate, pcm }) {
  const step = rate / 8000;
  const out = Buffer.alloc(Math.floor(pcm.length / step));
  for (let i = 0; i < out.length; i++) {
    const from = Math.floor(i * step);
    const to = Math.max(from + 1, Math.floor((i + 1) * step));
    let sum = 0;
    for (let k = from; k < to; k++) sum += pcm[k];
    out[i] = encodeSample(Math.round(sum / (to - from)));
  }
  return out;
}

function synthesise(text) {
  return toUlaw(readWav(execFileSync('espeak-ng', ['--stdout', '-v', 'en-us', '-s', '160', text], { maxBuffer: 1 << 26 })));
}

// Says 'started' and 'ended' of the other's voice. Feed it frames of 20 ms.
class EnergyVad {
  constructor({ threshold = 500, onsetFrames = 5, hangoverFrames = 40 } = {}) {
    Object.assign(this, { threshold, onsetFrames, hangoverFrames, loud: 0, quiet: 0, speaking: false });
  }

  feed(ulaw) {
    let sum = 0;
    for (const code of ulaw) sum += decodeTable[code] * decodeTable[code];
    const voiced = Math.sqrt(sum / ulaw.length) > this.threshold;
    this.loud = voiced ? this.loud + 1 : Math.max(0, this.loud - 1);
    this.quiet = voiced ? 0 : this.quiet + 1;
    if (!this.speaking && this.loud >= this.onsetFrames) {
      this.speaking = true;
      return 'started';
    }
    if (this.speaking && this.quiet >= this.hangoverFrames) {
      this.speaking = false;
      this.loud = 0;
      return 'ended';
    }
    return null;
  }
}

module.exports = { synthesise, EnergyVad };
