/**
 * Starts the emulator as its own command does, with one difference: a Lambda's error keeps its name. On AWS that is the
 * errorType, which Step Functions matches with ErrorEquals; the emulator calls every error of a Node function
 * Runtime.HandlerError. Ends at once when a later version of it no longer has the place that is changed.
 */
export const startWithErrorNames = `
import re, sys
from ministack.app import main
from ministack.core import lambda_runtime
from ministack.services import lambda_svc

says_message = 'error: String(err.message || err)'
says_name_too = 'error: "error-name:" + ((err && err.name) || "Error") + "|" + String(err.message || err)'
workers = [name for name, text in vars(lambda_runtime).items() if isinstance(text, str) and says_message in text]
if len(workers) != 1:
    sys.exit('this ministack starts its Node workers in another way: see local/emulator-errors.ts')
setattr(lambda_runtime, workers[0], getattr(lambda_runtime, workers[0]).replace(says_message, says_name_too))

execute = lambda_svc._execute_function_warm

def execute_with_name(*args, **kwargs):
    result = execute(*args, **kwargs)
    body = result.get('body')
    message = str(body.get('errorMessage', '')) if isinstance(body, dict) else ''
    found = re.fullmatch('error-name:([^|]*)[|](.*)', message, re.DOTALL)
    if found:
        result['body'] = {**body, 'errorType': found[1], 'errorMessage': found[2]}
    return result

lambda_svc._execute_function_warm = execute_with_name
sys.argv = ['ministack']
sys.exit(main())
`;
