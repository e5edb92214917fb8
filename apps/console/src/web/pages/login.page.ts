import { html } from '../html.js';
import { barePage } from '../layout.js';

/** The form with its one field. */
export function loginPage(next: string, problem: string | null): string {
  return barePage(
    'Sign in',
    html`<form class="login card" action="/login" method="post">
      <p class="brand"><span class="brand-mark" aria-hidden="true"></span>Ledgerwire</p>
      <h1>Sign in</h1>
      <p class="lead">With the operator token of this deployment (<code>CONSOLE_TOKEN</code>).</p>
      ${problem !== null && html`<p class="problem" role="alert" id="login-problem">${problem}</p>`}
      <label for="token">Operator token</label>
      <input
        id="token"
        name="token"
        type="password"
        autocomplete="current-password"
        required
        autofocus${problem !== null && html` aria-describedby="login-problem"`}
      />
      <input type="hidden" name="next" value="${next}" />
      <button type="submit">Sign in</button>
    </form>`,
  );
}

/** What is shown when something went wrong. */
export function errorPage(status: number, message: string): string {
  return barePage(
    'Something went wrong',
    html`<div class="card login">
      <p class="eyebrow">${status}</p>
      <h1>Something went wrong</h1>
      <p class="lead">${message}</p>
      <p><a href="/">Back to the live feed</a></p>
    </div>`,
  );
}
