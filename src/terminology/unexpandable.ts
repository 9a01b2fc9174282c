/** Why a value set's codes can't be told, as the rest of a sentence about it: "is not known here". */
export class Unexpandable extends Error {
  constructor(why: string) {
    super(why);
    this.name = 'Unexpandable';
  }
}
