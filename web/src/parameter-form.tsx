// Change and run again: each parameter of the script as what fits its type, and the seed.
import { computed, effect, signal } from "@preact/signals";
import { useMemo } from "preact/hooks";
import { latest, refusal, send, state } from "./live.ts";
import type { Parameter } from "./model.ts";
import { scaleOf } from "./parameter-scale.ts";
import { type Edits, known, restartOrder, unrun, valueOf } from "./parameter-values.ts";

const settle = 300; // milliseconds after the last change

const parameters = signal<Parameter[]>([]);
const edits = signal<Edits>(new Map());
const seed = signal("");
const atOnce = signal(true);
/** What was wrong with what was asked here. */
const wrong = signal("");

let timer: ReturnType<typeof setTimeout> | undefined;
let asking = false;

effect(() => {
  const report = latest.value;
  if (!report) return;
  parameters.value = known(parameters.peek(), report.run.parameters);
  if (timer === undefined && !asking) edits.value = unrun(parameters.peek(), edits.peek());
});

async function runAgain(): Promise<void> {
  clearTimeout(timer);
  timer = undefined;
  const order = restartOrder(parameters.peek(), edits.peek(), seed.peek());
  if (order === null) {
    wrong.value = "A seed is a whole number, not negative.";
    return;
  }
  asking = true;
  const done = await send(order);
  asking = false;
  wrong.value = done ? "" : refusal.peek();
  if (!done) refusal.value = ""; // it is told here
}

/** The reader let go of something: the run begins again, if wished. */
function changed(): void {
  if (!atOnce.peek()) return;
  clearTimeout(timer);
  timer = setTimeout(() => void runAgain(), settle);
}

function set(name: string, value: string): void {
  edits.value = new Map(edits.peek()).set(name, value);
}

const isTrue = (text: string): boolean => text === "true" || text === "1";

function Slider({ of, value, id }: { of: Parameter; value: string; id: string }) {
  const scale = useMemo(() => scaleOf(of), [of.type, of.default]);
  if (!scale) return null;
  const { texts, place } = scale;
  const at = place(value) ?? place(of.default) ?? 0;
  return (
    <input
      type="range"
      min="0"
      max={texts.length - 1}
      step="1"
      value={at}
      aria-labelledby={`${id}-name`}
      aria-describedby={`${id}-help`}
      aria-valuetext={value}
      onInput={(event) => set(of.name, texts[Number(event.currentTarget.value)]!)}
      onChange={changed}
    />
  );
}

function Control({ of, value, id }: { of: Parameter; value: string; id: string }) {
  const type = of.type ?? "text";
  if (type === "boolean")
    return (
      <label class="switch">
        <input
          type="checkbox"
          id={id}
          checked={isTrue(value)}
          aria-labelledby={`${id}-name`}
          aria-describedby={`${id}-help`}
          onChange={(event) => {
            set(of.name, String(event.currentTarget.checked));
            changed();
          }}
        />{" "}
        {isTrue(value) ? "yes" : "no"}
      </label>
    );
  return (
    <>
      <Slider of={of} value={value} id={id} />
      <input
        type="text"
        id={id}
        class={type === "text" ? "wide" : ""}
        value={value}
        inputMode={type === "integer" ? "numeric" : type === "number" ? "decimal" : "text"}
        autocomplete="off"
        spellcheck={false}
        aria-labelledby={`${id}-name ${id}-exact`}
        aria-describedby={`${id}-help`}
        onInput={(event) => set(of.name, event.currentTarget.value)}
        onChange={changed}
      />
      <span class="hidden" id={`${id}-exact`}>
        , exactly
      </span>
    </>
  );
}

const pending = computed(() => unrun(parameters.value, edits.value));

function Field({ of, index }: { of: Parameter; index: number }) {
  const id = `parameter-${index}`;
  const value = valueOf(of, edits.value);
  const same = value === of.default;
  return (
    <div class="parameter" role="group" aria-labelledby={`${id}-name`}>
      <div class="parameter-head">
        <code id={`${id}-name`}>{of.name}</code>
        <span class="mark">{pending.value.has(of.name) ? "not run yet" : same ? "" : "set"}</span>
        <button
          type="button"
          aria-label={`reset ${of.name}`}
          disabled={same}
          onClick={() => {
            set(of.name, of.default);
            changed();
          }}
        >
          reset
        </button>
      </div>
      <div class="parameter-control">
        <Control of={of} value={value} id={id} />
      </div>
      <p class="soft" id={`${id}-help`}>
        {of.help}
        {of.help && "; "}
        default <code>{of.default}</code>
      </p>
    </div>
  );
}

function Seed() {
  return (
    <div class="parameter" role="group" aria-labelledby="seed-name">
      <div class="parameter-head">
        <span id="seed-name">seed</span>
        <button
          type="button"
          aria-label="reset seed"
          disabled={seed.value === ""}
          onClick={() => {
            seed.value = "";
            changed();
          }}
        >
          reset
        </button>
      </div>
      <div class="parameter-control">
        <input
          type="text"
          inputMode="numeric"
          autocomplete="off"
          value={seed.value}
          class="wide"
          placeholder="the script's own"
          aria-labelledby="seed-name"
          aria-describedby="seed-help"
          onInput={(event) => (seed.value = event.currentTarget.value)}
          onChange={changed}
        />
      </div>
      <p class="soft" id="seed-help">
        of all randomness
      </p>
    </div>
  );
}

export function ParameterForm() {
  const settings = latest.value?.run.settings ?? [];
  return (
    <details class="parameters" id="parameters" open>
      <summary>Change and run again</summary>
      <form
        aria-label="Change and run again"
        onSubmit={(event) => {
          event.preventDefault();
          void runAgain();
        }}
      >
        <div class="parameter-grid">
          {parameters.value.map((parameter, index) => (
            <Field key={parameter.name} of={parameter} index={index} />
          ))}
          <Seed />
        </div>
        <p class="run-again">
          <button type="submit" disabled={state.value === null}>
            ↻ Run again
          </button>
          <label>
            <input
              type="checkbox"
              checked={atOnce.value}
              onChange={(event) => (atOnce.value = event.currentTarget.checked)}
            />{" "}
            run again on change
          </label>
          {settings.length > 0 && (
            <span class="soft">
              also set:{" "}
              {settings.map((setting) => (
                <code key={setting}>{setting} </code>
              ))}
            </span>
          )}
        </p>
        <p class="bad" role="alert">
          {wrong.value}
        </p>
      </form>
    </details>
  );
}
