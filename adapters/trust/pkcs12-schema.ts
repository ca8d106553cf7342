import { EncryptedContentInfo } from "@peculiar/asn1-cms";
import { AsnProp, AsnPropTypes, AsnType, AsnTypeTypes, OctetString } from "@peculiar/asn1-schema";
import { AlgorithmIdentifier } from "@peculiar/asn1-x509";

/** Structures that @peculiar/asn1-* has not; its decorators are called as functions. */

/** pkcs-12PbeParams (RFC 7292 C). */
export class PbeParameters {
  salt = new OctetString();
  iterations = 1;
}
sequence(PbeParameters, { salt: OctetString, iterations: AsnPropTypes.Integer });

/** PBKDF2-params with the salt given (RFC 8018 A.2). */
export class Pbkdf2Parameters {
  salt = new OctetString();
  iterations = 1;
  prf = new AlgorithmIdentifier();
}
sequence(Pbkdf2Parameters, { salt: OctetString, iterations: AsnPropTypes.Integer, prf: AlgorithmIdentifier });

/** PBKDF2-params with the length of the key, which PBMAC1 wants (RFC 9879 5). */
export class Pbkdf2WithLength {
  salt = new OctetString();
  iterations = 1;
  keyLength = 0;
  prf = new AlgorithmIdentifier();
}
sequence(Pbkdf2WithLength, {
  salt: OctetString,
  iterations: AsnPropTypes.Integer,
  keyLength: AsnPropTypes.Integer,
  prf: AlgorithmIdentifier,
});

/** PBMAC1-params (RFC 8018 A.5). */
export class Pbmac1Parameters {
  keyDerivation = new AlgorithmIdentifier();
  scheme = new AlgorithmIdentifier();
}
sequence(Pbmac1Parameters, { keyDerivation: AlgorithmIdentifier, scheme: AlgorithmIdentifier });

/** PBES2-params (RFC 8018 A.4). */
export class Pbes2Parameters {
  keyDerivation = new AlgorithmIdentifier();
  encryption = new AlgorithmIdentifier();
}
sequence(Pbes2Parameters, { keyDerivation: AlgorithmIdentifier, encryption: AlgorithmIdentifier });

/** EncryptedData (RFC 5652 8). */
export class EncryptedData {
  version = 0;
  content = new EncryptedContentInfo();
}
sequence(EncryptedData, { version: AsnPropTypes.Integer, content: EncryptedContentInfo });

type Made<Class extends new () => object> = InstanceType<Class>;
type Field = AsnPropTypes | (new () => object);

function sequence<Class extends new () => object>(
  made: Class,
  fields: Record<keyof Made<Class> & string, Field>,
): void {
  AsnType({ type: AsnTypeTypes.Sequence })(made);
  for (const [name, type] of Object.entries<Field>(fields)) AsnProp({ type })(made.prototype, name);
}
