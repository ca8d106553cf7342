// Says what Go's crypto/x509 sees in certificates: reads a list of secrets as JSON, writes a list of verdicts.
// A verdict has the shape of the part x509 of an expectation in test/golden/certificates.
package main

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"encoding/asn1"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"time"
)

type secret struct{ Name, Chain, Key, CA string }

type verdict struct {
	Name  string `json:"name"`
	Error string `json:"error,omitempty"`
	X509  *facts `json:"x509,omitempty"`
}

type facts struct {
	Subject          [][]string `json:"subject"`
	Names            []string   `json:"names"`
	CA               bool       `json:"ca"`
	KeyUsage         []string   `json:"keyUsage"`
	ExtendedKeyUsage []string   `json:"extendedKeyUsage"`
	Permitted        []string   `json:"permitted,omitempty"`
	Excluded         []string   `json:"excluded,omitempty"`
	CRL              []string   `json:"crl,omitempty"`
	OCSP             []string   `json:"ocsp,omitempty"`
	Issuers          []string   `json:"issuers,omitempty"`
	Extensions       []string   `json:"extensions"`
	Seconds          int64      `json:"seconds"`
	PublicKey        string     `json:"publicKey"`
	Signature        string     `json:"signature"`
	Chain            int        `json:"chain"`
}

var attributes = map[string]string{
	"2.5.4.6": "C", "2.5.4.10": "O", "2.5.4.11": "OU", "2.5.4.3": "CN", "2.5.4.5": "SERIALNUMBER", "2.5.4.7": "L", "2.5.4.8": "ST",
	"2.5.4.9": "STREET", "2.5.4.17": "POSTALCODE", "0.9.2342.19200300.100.1.25": "DC", "0.9.2342.19200300.100.1.1": "UID",
}

var extensions = map[string]string{
	"2.5.29.14": "subjectKeyIdentifier", "2.5.29.15": "keyUsage", "2.5.29.17": "subjectAltName", "2.5.29.19": "basicConstraints",
	"2.5.29.30": "nameConstraints", "2.5.29.31": "crlDistributionPoints", "2.5.29.35": "authorityKeyIdentifier",
	"2.5.29.37": "extendedKeyUsage", "1.3.6.1.5.5.7.1.1": "authorityInfoAccess",
}

var bits = []struct {
	bit  x509.KeyUsage
	word string
}{
	{x509.KeyUsageDigitalSignature, "digital signature"}, {x509.KeyUsageContentCommitment, "content commitment"},
	{x509.KeyUsageKeyEncipherment, "key encipherment"}, {x509.KeyUsageDataEncipherment, "data encipherment"},
	{x509.KeyUsageKeyAgreement, "key agreement"}, {x509.KeyUsageCertSign, "cert sign"}, {x509.KeyUsageCRLSign, "crl sign"},
	{x509.KeyUsageEncipherOnly, "encipher only"}, {x509.KeyUsageDecipherOnly, "decipher only"},
}

var extended = map[x509.ExtKeyUsage]string{
	x509.ExtKeyUsageAny: "any", x509.ExtKeyUsageServerAuth: "server auth", x509.ExtKeyUsageClientAuth: "client auth",
	x509.ExtKeyUsageCodeSigning: "code signing", x509.ExtKeyUsageEmailProtection: "email protection",
	x509.ExtKeyUsageIPSECEndSystem: "ipsec end system", x509.ExtKeyUsageIPSECTunnel: "ipsec tunnel", x509.ExtKeyUsageIPSECUser: "ipsec user",
	x509.ExtKeyUsageTimeStamping: "timestamping", x509.ExtKeyUsageOCSPSigning: "ocsp signing",
	x509.ExtKeyUsageMicrosoftServerGatedCrypto: "microsoft sgc", x509.ExtKeyUsageNetscapeServerGatedCrypto: "netscape sgc",
}

func main() {
	var secrets []secret
	if err := json.NewDecoder(os.Stdin).Decode(&secrets); err != nil {
		panic(err)
	}
	verdicts := make([]verdict, len(secrets))
	for i, one := range secrets {
		seen, err := judge(one)
		verdicts[i] = verdict{Name: one.Name, X509: seen}
		if err != nil {
			verdicts[i].Error = err.Error()
		}
	}
	if err := json.NewEncoder(os.Stdout).Encode(verdicts); err != nil {
		panic(err)
	}
}

func judge(one secret) (*facts, error) {
	chain, err := certificates(one.Chain)
	if err != nil {
		return nil, err
	}
	seen, err := describe(chain[0])
	if err != nil {
		return nil, err
	}
	seen.Chain = len(chain)
	return seen, errors.Join(verify(chain, one.CA), ownKey(chain[0], one.Key), identifiers(chain[0], one))
}

func certificates(text string) ([]*x509.Certificate, error) {
	var all []*x509.Certificate
	for rest := []byte(text); ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		parsed, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, err
		}
		all = append(all, parsed)
	}
	if len(all) == 0 {
		return nil, errors.New("no certificate")
	}
	return all, nil
}

func verify(chain []*x509.Certificate, ca string) error {
	roots, between := x509.NewCertPool(), x509.NewCertPool()
	if !roots.AppendCertsFromPEM([]byte(ca)) {
		return errors.New("no CA")
	}
	for _, one := range chain[1:] {
		between.AddCert(one)
	}
	_, err := chain[0].Verify(x509.VerifyOptions{
		Roots: roots, Intermediates: between, CurrentTime: chain[0].NotBefore.Add(time.Minute), KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny},
	})
	return err
}

func ownKey(leaf *x509.Certificate, text string) error {
	block, rest := pem.Decode([]byte(text))
	if block == nil || len(rest) > 0 {
		return errors.New("tls.key is not one PEM block")
	}
	parsers := map[string]func([]byte) (any, error){
		"RSA PRIVATE KEY": func(der []byte) (any, error) { return x509.ParsePKCS1PrivateKey(der) },
		"EC PRIVATE KEY":  func(der []byte) (any, error) { return x509.ParseECPrivateKey(der) },
		"PRIVATE KEY":     x509.ParsePKCS8PrivateKey,
	}
	parse, known := parsers[block.Type]
	if !known {
		return fmt.Errorf("tls.key is a %s", block.Type)
	}
	key, err := parse(block.Bytes)
	if err != nil {
		return err
	}
	public := key.(crypto.Signer).Public().(interface{ Equal(crypto.PublicKey) bool })
	if !public.Equal(leaf.PublicKey) {
		return errors.New("tls.key is another certificate's")
	}
	return nil
}

// The authority key identifier is the issuer's subject key identifier; serial numbers are positive and of 64 to 159 bits.
func identifiers(leaf *x509.Certificate, one secret) error {
	signers, err := certificates(one.Chain + one.CA)
	if err != nil {
		return err
	}
	known := slices.ContainsFunc(signers[1:], func(by *x509.Certificate) bool { return string(by.SubjectKeyId) == string(leaf.AuthorityKeyId) })
	if len(leaf.AuthorityKeyId) > 0 && !known {
		return errors.New("the authority key identifier is nobody's")
	}
	if size := leaf.SerialNumber.BitLen(); leaf.SerialNumber.Sign() <= 0 || size < 64 || size > 159 {
		return fmt.Errorf("a serial number of %d bits", size)
	}
	return nil
}

func describe(leaf *x509.Certificate) (*facts, error) {
	subject, err := subjectOf(leaf)
	if err != nil {
		return nil, err
	}
	names, err := namesOf(leaf)
	if err != nil {
		return nil, err
	}
	seen := &facts{
		Subject: subject, Names: names, CA: leaf.BasicConstraintsValid && leaf.IsCA, KeyUsage: []string{}, ExtendedKeyUsage: []string{},
		CRL: leaf.CRLDistributionPoints, OCSP: leaf.OCSPServer, Issuers: leaf.IssuingCertificateURL, Extensions: []string{},
		Seconds: int64(leaf.NotAfter.Sub(leaf.NotBefore).Seconds()), PublicKey: publicKey(leaf.PublicKey), Signature: leaf.SignatureAlgorithm.String(),
		Permitted: subtrees(leaf.PermittedDNSDomains, leaf.PermittedIPRanges, leaf.PermittedEmailAddresses, leaf.PermittedURIDomains),
		Excluded:  subtrees(leaf.ExcludedDNSDomains, leaf.ExcludedIPRanges, leaf.ExcludedEmailAddresses, leaf.ExcludedURIDomains),
	}
	for _, one := range bits {
		if leaf.KeyUsage&one.bit != 0 {
			seen.KeyUsage = append(seen.KeyUsage, one.word)
		}
	}
	for _, usage := range leaf.ExtKeyUsage {
		seen.ExtendedKeyUsage = append(seen.ExtendedKeyUsage, extended[usage])
	}
	for _, extension := range leaf.Extensions {
		mark := ""
		if extension.Critical {
			mark = "!"
		}
		seen.Extensions = append(seen.Extensions, extensions[extension.Id.String()]+mark)
	}
	return seen, nil
}

// Every pair with the type of its string: `O printable Example`.
func subjectOf(leaf *x509.Certificate) ([][]string, error) {
	type pairSET []struct {
		Type  asn1.ObjectIdentifier
		Value asn1.RawValue
	}
	var sequence []pairSET
	if rest, err := asn1.Unmarshal(leaf.RawSubject, &sequence); err != nil || len(rest) > 0 {
		return nil, errors.Join(errors.New("the subject does not parse"), err)
	}
	words := map[int]string{asn1.TagPrintableString: "printable", asn1.TagUTF8String: "utf8"}
	shown := [][]string{}
	for _, set := range sequence {
		rdn := []string{}
		for _, pair := range set {
			rdn = append(rdn, fmt.Sprintf("%s %s %s", attributes[pair.Type.String()], words[pair.Value.Tag], pair.Value.Bytes))
		}
		shown = append(shown, rdn)
	}
	return shown, nil
}

func namesOf(leaf *x509.Certificate) ([]string, error) {
	names := []string{}
	for _, name := range leaf.DNSNames {
		names = append(names, "DNS:"+name)
	}
	for _, address := range leaf.EmailAddresses {
		names = append(names, "email:"+address)
	}
	for _, address := range leaf.IPAddresses {
		names = append(names, "IP:"+address.String())
	}
	for _, uri := range leaf.URIs {
		names = append(names, "URI:"+uri.String())
	}
	for _, extension := range leaf.Extensions {
		if !extension.Id.Equal(asn1.ObjectIdentifier{2, 5, 29, 17}) {
			continue
		}
		others, err := otherNames(extension.Value)
		if err != nil {
			return nil, err
		}
		names = append(names, others...)
	}
	return names, nil
}

func otherNames(der []byte) ([]string, error) {
	var all []asn1.RawValue
	if _, err := asn1.Unmarshal(der, &all); err != nil {
		return nil, err
	}
	names := []string{}
	for _, one := range all {
		if one.Tag != 0 {
			continue
		}
		var other struct {
			Type  asn1.ObjectIdentifier
			Value string `asn1:"tag:0,explicit,utf8"`
		}
		if _, err := asn1.UnmarshalWithParams(one.FullBytes, &other, "tag:0"); err != nil {
			return nil, err
		}
		names = append(names, fmt.Sprintf("otherName:%s=%s", other.Type, other.Value))
	}
	return names, nil
}

func subtrees(domains []string, ranges []*net.IPNet, emails []string, uris []string) []string {
	var all []string
	for _, domain := range domains {
		all = append(all, "DNS:"+domain)
	}
	for _, one := range ranges {
		all = append(all, "IP:"+one.String())
	}
	for _, email := range emails {
		all = append(all, "email:"+email)
	}
	for _, uri := range uris {
		all = append(all, "URI:"+uri)
	}
	return all
}

func publicKey(key any) string {
	switch known := key.(type) {
	case *rsa.PublicKey:
		return fmt.Sprintf("RSA %d", known.N.BitLen())
	case *ecdsa.PublicKey:
		return fmt.Sprintf("ECDSA %d", known.Curve.Params().BitSize)
	case ed25519.PublicKey:
		return "Ed25519"
	}
	return "unknown"
}
