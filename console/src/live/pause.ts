/** A pause that may be cut short: by a person who does not want to wait, or by a network that came back. */
export class Pause {
  private resume: () => void = () => undefined;

  async wait(milliseconds: number): Promise<void> {
    await new Promise<void>((resume) => {
      const timer = setTimeout(resume, milliseconds);
      this.resume = () => {
        clearTimeout(timer);
        resume();
      };
    });
  }

  readonly cut = (): void => this.resume();
}
