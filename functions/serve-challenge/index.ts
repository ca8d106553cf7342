import { serveChallenge } from "../../core/serve-challenge.ts";
import { countFailure, openAnswers } from "../runtime/answers.ts";
import { askedOf, replyTo } from "../runtime/web.ts";

/** Answers HTTP01 challenges: behind a function URL, an ALB, an API Gateway, or what passes on to one of them. */
export const handler = async (event: unknown) => {
  try {
    return replyTo(event, await serveChallenge(askedOf(event), openAnswers()));
  } catch (error) {
    countFailure(error);
    return replyTo(event, { status: 503, headers: { "content-type": "text/plain" }, body: "try again\n" });
  }
};
